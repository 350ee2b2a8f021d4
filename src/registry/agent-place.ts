/** Where agents are looked for. */
import { eq, sql, type SQL } from "drizzle-orm";
import type { WorkspaceId } from "../kernel/ids.ts";
import { inList } from "../storage/in-list.ts";
import { agents } from "../storage/tables/agents.ts";
import { workspaces } from "../storage/tables/workspaces.ts";

/** One workspace, or all that a reader sees (null: all there are). */
export type AgentPlace = { readonly workspace: WorkspaceId } | { readonly visible: readonly string[] | null };

/** True for an agent that is there. */
export function inPlace(place: AgentPlace): SQL | undefined {
  if ("workspace" in place) return eq(agents.workspaceId, place.workspace);
  if (place.visible === null) return undefined;
  return sql`${agents.workspaceId} IN (SELECT id FROM ${workspaces} WHERE ${inList(workspaces.name, place.visible)})`;
}
