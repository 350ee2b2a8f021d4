/**
 * The number of records that wait in the outboxes of owner objects, as last reported. For operators only: nothing
 * depends on it, and it is as old as the object's last attempt.
 */
import { eq, or, sql } from "drizzle-orm";
import type { WorkspaceId } from "../kernel/ids.ts";
import type { Database } from "./client.ts";
import { inList } from "./in-list.ts";
import { agents } from "./tables/agents.ts";
import { outboxBacklog } from "./tables/changes.ts";

interface Backlog {
  readonly depth: number;
  /** Milliseconds since the epoch. */
  readonly oldestAt: number | null;
  readonly notedAt: number;
}

/** @param owner the id of the agent or workspace, or `org`. */
export async function noteBacklog(db: Database, owner: string, backlog: Backlog): Promise<void> {
  await db
    .insert(outboxBacklog)
    .values({ owner, ...backlog })
    .onConflictDoUpdate({ target: outboxBacklog.owner, set: backlog });
}

export async function forgetBacklog(db: Database, owner: string): Promise<void> {
  await db.delete(outboxBacklog).where(eq(outboxBacklog.owner, owner));
}

interface BacklogTotal {
  readonly owners: number;
  readonly records: number;
  readonly oldestAt: number | null;
}

/** @param workspaces null: of the whole installation; otherwise of these workspaces and their agents only (P11). */
export async function totalBacklog(
  db: Database,
  workspaces: readonly WorkspaceId[] | null,
): Promise<BacklogTotal> {
  const total = await db
    .select({
      owners: sql<number>`count(*)`,
      records: sql<number>`coalesce(sum(${outboxBacklog.depth}), 0)`,
      oldestAt: sql<number | null>`min(${outboxBacklog.oldestAt})`,
    })
    .from(outboxBacklog)
    .where(
      workspaces === null
        ? undefined
        : or(
            inList(outboxBacklog.owner, workspaces),
            sql`${outboxBacklog.owner} IN (SELECT ${agents.id} FROM ${agents} WHERE ${inList(agents.workspaceId, workspaces)})`,
          ),
    )
    .get();
  return total ?? { owners: 0, records: 0, oldestAt: null };
}
