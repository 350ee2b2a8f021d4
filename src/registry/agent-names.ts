/** Looks up the names of agents by their ids, in one query. */
import { and, eq } from "drizzle-orm";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
import { inList } from "../storage/in-list.ts";
import { agents } from "../storage/tables/agents.ts";

/** @param workspace null for any workspace. Otherwise an agent of another workspace gets no name (P11). */
export async function agentNames(
  db: Database,
  workspace: WorkspaceId | null,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows: readonly { readonly id: AgentId; readonly name: string }[] = await db
    .select({ id: agents.id, name: agents.name })
    .from(agents)
    .where(and(workspace === null ? undefined : eq(agents.workspaceId, workspace), inList(agents.id, ids)));
  return new Map(rows.map(({ id, name }) => [id, name]));
}
