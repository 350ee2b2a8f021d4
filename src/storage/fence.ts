/**
 * The fence of an owner in D1: the number under which its object's next batch may commit. Moving the fence ensures
 * that a batch with an unknown outcome can no longer commit.
 */
import { and, eq, sql } from "drizzle-orm";
import { guard, type Statement } from "./change.ts";
import type { Database } from "./client.ts";
import { agents } from "./tables/agents.ts";
import { organization } from "./tables/organization.ts";
import { workspaces } from "./tables/workspaces.ts";

const TABLES = { agent: agents, workspace: workspaces, org: organization } as const;

export interface FencedOwner {
  readonly kind: keyof typeof TABLES;
  readonly id: string;
}

/** First statement of a batch: aborts it unless the owner's fence is still `fence`. */
export function guardFence(db: Database, owner: FencedOwner, fence: number): Statement {
  const table = TABLES[owner.kind];
  return guard(
    db,
    "fenceOk",
    sql`(SELECT ${table.fence} = ${fence} FROM ${table} WHERE ${table.id} = ${owner.id})`,
  );
}

/** Moves the fence on from `fence`; has no effect when it has moved already. */
export async function moveFence(db: Database, owner: FencedOwner, fence: number): Promise<void> {
  const table = TABLES[owner.kind] as typeof agents;
  await db
    .update(table)
    .set({ fence: fence + 1 })
    .where(and(sql`${table.id} = ${owner.id}`, eq(table.fence, fence)));
}

/** The position of the fence, and the last committed change. Undefined: the owner is not in the registry. */
export async function readFence(
  db: Database,
  owner: FencedOwner,
): Promise<{ readonly fence: number; readonly lastChange: string | null } | undefined> {
  const table = TABLES[owner.kind] as typeof agents;
  return db
    .select({ fence: table.fence, lastChange: table.lastChange })
    .from(table)
    .where(sql`${table.id} = ${owner.id}`)
    .get();
}
