/** The statements that an owner object adds to its batch to change its policy bundles. */
import { eq, sql } from "drizzle-orm";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { policyBundles, policyVersions } from "../storage/tables/policies.ts";
import type { BundleRow, VersionRow } from "./bundle-reads.ts";

/** What an activation changes of a bundle. */
export type Activation = Pick<BundleRow, "id" | "active" | "previous" | "activatedBy" | "activatedAt">;

/** A version is added, another one comes into force, or another one into shadow. */
export type PolicyChange =
  | {
      readonly act: "push";
      readonly bundle: Pick<BundleRow, "id" | "scope" | "workspaceId" | "name">;
      readonly version: VersionRow;
    }
  | ({ readonly act: "activate" } & Activation)
  | ({ readonly act: "shadow" } & Pick<BundleRow, "id" | "shadow">);

export function policyStatements(db: Database, change: PolicyChange): Statement[] {
  if (change.act === "activate") {
    const { id, active, previous, activatedBy, activatedAt } = change;
    // What is in force is not tried beside itself.
    const shadow = sql`nullif(${policyBundles.shadow}, ${active})`;
    return [
      db
        .update(policyBundles)
        .set({ active, previous, activatedBy, activatedAt, shadow })
        .where(eq(policyBundles.id, id)),
    ];
  }
  if (change.act === "shadow") {
    const { id, shadow } = change;
    return [db.update(policyBundles).set({ shadow }).where(eq(policyBundles.id, id))];
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
