/** The policies in force, read from the registry: for questions of operators, which are not on the path of a call. */
import type { AgentId, WorkspaceId } from "../../kernel/ids.ts";
import { activeBundle, bundlesOf } from "../../policy/active-bundle.ts";
import { activeAmong, tierBundle, type BundleId } from "../../policy/bundle-reads.ts";
import type { Bundles } from "../../policy/engine.ts";
import type { Database } from "../../storage/client.ts";

/** @param agents of the workspace; the bundles of their tiers and their own are read in one statement. */
export async function bundlesInForce(
  db: Database,
  workspace: WorkspaceId,
  agents: readonly { readonly id: AgentId; readonly tier: string }[],
): Promise<Bundles> {
  const own = agents.flatMap(({ id, tier }) => [id, tierBundle(tier)]);
  const rows = await activeAmong(db, [...new Set<BundleId>(["org", workspace, ...own])]);
  const byId = new Map(rows.map((row) => [row.bundle, activeBundle(row)] as const));
  return bundlesOf(workspace, (id) => byId.get(id) ?? null);
}
