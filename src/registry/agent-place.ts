/** Agents of the workspaces that a list looks in. */
import { eq, sql, type SQL } from "drizzle-orm";
import { inList } from "../storage/in-list.ts";
import type { ListScope } from "../storage/list-scope.ts";
import { agents } from "../storage/tables/agents.ts";
import { workspaces } from "../storage/tables/workspaces.ts";

/** True for an agent that is there. */
export function inPlace(place: ListScope): SQL | undefined {
  if ("workspace" in place) return eq(agents.workspaceId, place.workspace);
  if (place.visible === null) return undefined;
  return sql`${agents.workspaceId} IN (SELECT id FROM ${workspaces} WHERE ${inList(workspaces.name, place.visible)})`;
}
