/** Counts the acts that a stop has cut, from their outcomes in the ledger. Read-only. */
import type { CutQuery, StopCause } from "../operations/owners/ledger-reader.ts";
import type { SeqRange, Statement } from "./ledger-query.ts";

/** The most records that one count examines; an object answers one call at a time. */
const MOST_EXAMINED = 10_000;

/**
 * @param range of `seq` that can hold them.
 * @returns null when there are too many records to count in one call.
 */
export function countCut(sql: SqlStorage, { since, until, by }: CutQuery, range: SeqRange): number | null {
  const { sql: condition, values } = causedBy(by);
  const { examined, cut } = sql
    .exec<{ examined: number; cut: number }>(
      `SELECT count(*) AS examined, count(*) FILTER (
         WHERE kind = 'call.outcome' AND time BETWEEN ? AND ? AND json_extract(record, '$.outcome') = 'cut' AND (${condition})
       ) AS cut
       FROM (${withReason("not_admitted")} UNION ALL ${withReason("no_lease")})`,
      since,
      until,
      ...values,
      range.from,
      range.to,
      MOST_EXAMINED,
      range.from,
      range.to,
      MOST_EXAMINED,
    )
    .one();
  return examined >= MOST_EXAMINED ? null : cut;
}

/** By the index of reasons, which is in the order of `seq`. */
const withReason = (reason: string): string =>
  `SELECT * FROM (
     SELECT kind, time, record, user_id, txn FROM entries
     WHERE reason = '${reason}' AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?
   )`;

const KIND = "json_extract(record, '$.data.kind')";
const AGENT = "json_extract(record, '$.data.agent')";
/** Whose lease has ended, which happens to some acts before the answer of the stopped object arrives. */
const LAPSED = `${KIND} = 'no_lease' AND json_extract(record, '$.data.of')`;
const LISTED = "IN (SELECT value FROM json_each(?))";

/** The outcome's `data` says which stop it was. */
function causedBy(by: StopCause): Statement {
  switch (by.kind) {
    case "agents": {
      const agents = JSON.stringify(by.agents);
      return {
        sql: `${KIND} <> 'key_not_live' AND ${AGENT} ${LISTED}
          OR ${LAPSED} = 'agent' AND json_extract(record, '$.data.id') ${LISTED}`,
        values: [agents, agents],
      };
    }
    case "keys":
      return {
        sql: `${KIND} = 'key_not_live' AND json_extract(record, '$.data.key') ${LISTED}`,
        values: [JSON.stringify(by.keys)],
      };
    case "workspace":
      return {
        sql: `${KIND} IN ('workspace_halted', 'halt_epoch_changed') OR ${LAPSED} = 'workspace'`,
        values: [],
      };
    case "user":
      return { sql: `${KIND} IN ('user_stopped', 'user_epoch_changed') AND user_id = ?`, values: [by.user] };
    case "transaction":
      return { sql: `${KIND} = 'txn_stopped' AND txn = ?`, values: [by.txn] };
  }
}
