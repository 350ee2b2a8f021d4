/** Narrows a list of agents to the workspaces that its reader asked for and may see. */
import { eq, sql, type SQL } from "drizzle-orm";
import { inList } from "../storage/in-list.ts";
import type { ListScope } from "../storage/list-scope.ts";
import { agents } from "../storage/tables/agents.ts";
import { workspaces } from "../storage/tables/workspaces.ts";

/** The SQL condition; undefined when every workspace is included. */
export function inPlace(place: ListScope): SQL | undefined {
  if ("workspace" in place) return eq(agents.workspaceId, place.workspace);
  if (place.visible === null) return undefined;
  return sql`${agents.workspaceId} IN (SELECT id FROM ${workspaces} WHERE ${inList(workspaces.name, place.visible)})`;
}
