/** Workspaces in the registry: reads, and the statements that an owner object adds to its batch. */
import { asc, eq, gt, lt, or, and } from "drizzle-orm";
import type { Workspace } from "../contract/workspace.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { isId, type WorkspaceId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
import { inList } from "../storage/in-list.ts";
import { workspaces } from "../storage/tables/workspaces.ts";

export type WorkspaceRow = typeof workspaces.$inferSelect;

/** @param reference an id or a name. */
export async function findWorkspace(db: Database, reference: string): Promise<WorkspaceRow | undefined> {
  const match = isId("wsp", reference) ? eq(workspaces.id, reference) : eq(workspaces.name, reference);
  return db.select().from(workspaces).where(match).get();
}

/**
 * @param visible names or ids of the workspaces that the reader may see; null for all.
 * @param after the name of the last workspace on the previous page.
 */
export async function listWorkspaces(
  db: Database,
  visible: readonly string[] | null,
  after: string | undefined,
  limit: number,
): Promise<WorkspaceRow[]> {
  const mine =
    visible === null ? undefined : or(inList(workspaces.name, visible), inList(workspaces.id, visible));
  const from = after === undefined ? undefined : gt(workspaces.name, after);
  return db.select().from(workspaces).where(and(mine, from)).orderBy(asc(workspaces.name)).limit(limit);
}

/**
 * @param live the state from the authoritative object, for readers that asked it; without it, the projection is shown.
 */
export const workspaceView = (
  row: WorkspaceRow,
  live?: { readonly halted: boolean; readonly configEpoch: number },
): Workspace => ({
  id: row.id,
  name: row.name,
  description: row.description,
  created_at: rfc3339(row.createdAt),
  config_epoch: live?.configEpoch ?? row.configEpoch,
  halted: live?.halted ?? row.halted,
});

/** Writes whether the workspace is halted, for lists. An older halt epoch never overwrites a newer one. */
export const projectHalt = (db: Database, id: WorkspaceId, halted: boolean, haltEpoch: number) =>
  db
    .update(workspaces)
    .set({ halted, haltVersion: haltEpoch })
    .where(and(eq(workspaces.id, id), lt(workspaces.haltVersion, haltEpoch)));
