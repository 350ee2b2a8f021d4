/** The statements a WorkspaceObject puts into its batch to change its identity providers. */
import { and, eq } from "drizzle-orm";
import type { WorkspaceId } from "../kernel/ids.ts";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { identityProviders } from "../storage/tables/identity-providers.ts";

/**
 * A provider is added or removed. It is never changed in place: its earlier tokens would then be judged by other
 * rules.
 */
export type ProviderChange =
  | { readonly act: "add"; readonly row: typeof identityProviders.$inferInsert }
  | { readonly act: "remove"; readonly name: string };

export function providerStatements(
  db: Database,
  workspace: WorkspaceId,
  change: ProviderChange,
): Statement[] {
  if (change.act === "add")
    return [db.insert(identityProviders).values({ ...change.row, workspaceId: workspace })];
  const named = and(eq(identityProviders.workspaceId, workspace), eq(identityProviders.name, change.name));
  return [db.delete(identityProviders).where(named)];
}
