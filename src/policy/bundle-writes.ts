/** The statements that an owner object adds to its batch to change its policy bundles. */
import { eq } from "drizzle-orm";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { policyBundles, policyVersions } from "../storage/tables/policies.ts";
import type { BundleRow, VersionRow } from "./bundle-reads.ts";

/** What an activation changes of a bundle. */
export type Activation = Pick<BundleRow, "id" | "active" | "previous" | "activatedBy" | "activatedAt">;

/** A version is added, or another one comes into force. */
export type PolicyChange =
  | {
      readonly act: "push";
      readonly bundle: Pick<BundleRow, "id" | "scope" | "workspaceId" | "name">;
      readonly version: VersionRow;
    }
  | ({ readonly act: "activate" } & Activation);

export function policyStatements(db: Database, change: PolicyChange): Statement[] {
  if (change.act === "activate") {
    const { id, active, previous, activatedBy, activatedAt } = change;
    return [
      db
        .update(policyBundles)
        .set({ active, previous, activatedBy, activatedAt })
        .where(eq(policyBundles.id, id)),
    ];
  }
  const { bundle, version } = change;
  return [
    db
      .insert(policyBundles)
      .values({ ...bundle, latest: version.number })
      .onConflictDoUpdate({ target: policyBundles.id, set: { latest: version.number } }),
    db.insert(policyVersions).values(version),
  ];
}
