/** Looks up events that an agent reports, and the records that they refer to. Read-only. */
import { eventDigest, eventIn } from "../audit/reported.ts";
import { readStored } from "../audit/record.ts";
import type { ReportedBefore, ReportedQuery } from "../operations/owners/ledger-reader.ts";
import { BOUND_LIST } from "../storage/in-list.ts";

/** The newest records of a transaction that are examined, at most. */
const MOST_LOOKED_AT = 200;

/** The column for each kind of id. */
const COLUMNS = { dec: "decision_id", txn: "txn", req: "request_id" } as const;

export function reportedBefore(sql: SqlStorage, { agent, ids, links }: ReportedQuery): ReportedBefore {
  const rows = sql.exec<{ id: string; record: string }>(
    `SELECT id, record FROM entries WHERE id IN ${BOUND_LIST}`,
    JSON.stringify(ids),
  );
  const events = Object.fromEntries(
    [...rows].map(({ id, record }) => [id, eventDigest(eventIn(readStored(record)))]),
  );
  return { events, own: links.filter((link) => tookPart(sql, agent, link)) };
}

/** True if Dome's own records show it. What an agent has reported itself proves nothing. */
function tookPart(sql: SqlStorage, agent: string, link: string): boolean {
  const column = COLUMNS[link.slice(0, 3) as keyof typeof COLUMNS];
  if (column === undefined) return false;
  const found = sql.exec(
    `SELECT 1 FROM (
       SELECT seq, agent FROM entries WHERE ${column} = ?1 AND family IS NOT 'sdk' ORDER BY seq DESC LIMIT ${MOST_LOOKED_AT}
     ) AS e
     WHERE e.agent = ?2 OR EXISTS (SELECT 1 FROM actors a WHERE a.agent = ?2 AND a.seq = e.seq) LIMIT 1`,
    link,
    agent,
  );
  return found.toArray().length > 0;
}
