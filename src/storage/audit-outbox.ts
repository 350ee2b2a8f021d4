/**
 * Audit records committed together with a change in D1. Each owner object is a producer of its own (`d1:<owner>`)
 * and takes its gapless `n` inside the batch, so that a lost record shows as a gap (P8).
 */
import { and, asc, eq, lt, sql } from "drizzle-orm";
import { utf8 } from "../kernel/bytes.ts";
import type { Statement } from "./change.ts";
import type { Database } from "./client.ts";
import { inList } from "./in-list.ts";
import { auditOutbox, auditProducers } from "./tables/changes.ts";

const producerOf = (owner: string): string => `d1:${owner}`;

/**
 * Two statements, however many records a change has: D1 takes at most 1,000 per invocation
 * (developers.cloudflare.com/d1/platform/limits).
 * @param owner id of the agent or workspace whose object drains the rows, or `org`.
 * @param records JSON objects without `producer` and `n`, in the order of their numbers.
 */
export function appendAudit(
  db: Database,
  owner: string,
  records: readonly object[],
  now: number,
): Statement[] {
  const count = records.length;
  if (count === 0) return [];
  const producer = producerOf(owner);
  const texts = JSON.stringify(records.map((record) => JSON.stringify(record)));
  const last = sql`(SELECT ${auditProducers.lastN} FROM ${auditProducers} WHERE ${auditProducers.producer} = ${producer})`;
  return [
    db
      .insert(auditProducers)
      .values({ producer, lastN: count })
      .onConflictDoUpdate({
        target: auditProducers.producer,
        set: { lastN: sql`${auditProducers.lastN} + ${count}` },
      }),
    // The columns in the order of the table.
    db
      .insert(auditOutbox)
      .select(
        sql`SELECT ${producer}, ${last} - ${count} + 1 + key, ${owner}, value, ${now} FROM json_each(${texts})`,
      ),
  ];
}

interface PendingAudit {
  readonly n: number;
  /** The whole record, with `producer` and `n`. */
  readonly record: object;
}

/** The size of one delivery. `bytes`: of JSON; a first record that is larger is sent alone. */
interface BatchLimit {
  readonly records: number;
  readonly bytes: number;
}

/** The oldest rows of one owner, in the order of their numbers, as many as fit one delivery. */
export async function pendingAudit(db: Database, owner: string, most: BatchLimit): Promise<PendingAudit[]> {
  const rows = await db
    .select()
    .from(auditOutbox)
    .where(eq(auditOutbox.owner, owner))
    .orderBy(asc(auditOutbox.n))
    .limit(most.records);
  const pending: PendingAudit[] = [];
  let bytes = 0;
  for (const row of rows) {
    const record = { ...(JSON.parse(row.record) as object), producer: row.producer, n: row.n };
    bytes += utf8(JSON.stringify(record)).length;
    if (pending.length > 0 && bytes > most.bytes) break;
    pending.push({ n: row.n, record });
  }
  return pending;
}

/** Removes rows that have been delivered. */
export async function removeAudit(db: Database, owner: string, numbers: readonly number[]): Promise<void> {
  await db.delete(auditOutbox).where(and(eq(auditOutbox.owner, owner), inList(auditOutbox.n, numbers)));
}

/**
 * Owners with rows older than `before`: their object did not drain them, so the sweep must. The owner whose rows
 * have waited longest comes first. When there are more than `limit`, each turn takes the next group, so that owners
 * that always fail do not block others.
 * @param turn a number that increases by one.
 */
export async function ownersWithOldAudit(
  db: Database,
  before: number,
  { limit, turn }: { readonly limit: number; readonly turn: number },
): Promise<string[]> {
  const late = db
    .select({ owner: auditOutbox.owner, oldest: sql<number>`min(${auditOutbox.createdAt})`.as("oldest") })
    .from(auditOutbox)
    .where(lt(auditOutbox.createdAt, before))
    .groupBy(auditOutbox.owner)
    .as("late");
  const count =
    (
      await db
        .select({ count: sql<number>`count(*)` })
        .from(late)
        .get()
    )?.count ?? 0;
  const turns = Math.max(1, Math.ceil(count / limit));
  const rows = await db
    .select({ owner: late.owner })
    .from(late)
    .orderBy(asc(late.oldest), asc(late.owner))
    .limit(limit)
    .offset((turn % turns) * limit);
  return rows.map((row) => row.owner);
}
