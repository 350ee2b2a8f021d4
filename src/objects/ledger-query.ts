/**
 * The audit list as SQL. Pure.
 *
 * Rows are ordered by `seq`, which never changes, so a page is a range: records that arrive meanwhile come before the
 * first page (newest first) or after the last one, and shift nothing.
 */
import type { AuditQuery } from "../contract/audit.ts";
import { toolOf } from "../contract/resource.ts";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { familyOf } from "./ledger-schema.ts";

export interface Statement {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** The range of `seq` from `from` to `to`, both included. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

/** The cursor of the next page, opaque to callers. */
export const cursorOf = (seq: number): string => toBase64Url(utf8(`s${seq}`));

/** @returns the `seq` of the last record on the previous page. */
export function parseCursor(cursor: string): Result<number, { readonly kind: "bad_cursor" }> {
  try {
    const seq = /^s([1-9]\d{0,15})$/.exec(fromUtf8(fromBase64Url(cursor)))?.[1];
    return seq === undefined ? err({ kind: "bad_cursor" }) : ok(Number(seq));
  } catch {
    return err({ kind: "bad_cursor" });
  }
}

/**
 * The most records that one page examines. An object answers one call at a time, so a filter that hardly any record
 * passes must not delay the records that arrive; the cursor continues after the examined records.
 */
export const MOST_SCANNED = 10_000;
/**
 * The most records examined when only records of readings are left out: unless nearly all records are such, the page is
 * full long before.
 */
const READINGS_SCANNED = 1_000;

/** Whether records of readings must be left out explicitly: no such record has a member that these filters require. */
const hidesReadings = (query: AuditQuery): boolean =>
  !query.readings &&
  !query.shadow &&
  [
    query.kind,
    query.agent,
    query.actor,
    query.tool,
    query.decision,
    query.reason,
    query.txn,
    query.user,
    query.key,
  ].every((filter) => filter === undefined);

/**
 * The bound of one page: selects the `seq` of the last record within the budget, and no row when the budget covers the
 * range. It reads only an index.
 * @returns null when the page needs no bound, because it shows every record that the chosen index gives.
 */
export function scanStatement(query: AuditQuery, range: SeqRange, budget = MOST_SCANNED): Statement | null {
  const { actor, order } = query;
  const direction = order === "newest" ? "DESC" : "ASC";
  if (actor !== undefined && query.request_id === undefined && query.txn === undefined) {
    if (where({ ...query, actor: undefined }, range, true).filters === 0) return null;
    const streams = [
      `SELECT seq FROM entries WHERE agent = ? AND seq BETWEEN ? AND ?`,
      `SELECT seq FROM actors WHERE agent = ? AND seq BETWEEN ? AND ?`,
    ];
    return {
      sql: `${streams.join(" UNION ALL ")} ORDER BY seq ${direction} LIMIT 1 OFFSET ?`,
      values: [actor, range.from, range.to, actor, range.from, range.to, budget - 1],
    };
  }
  const { first, filters } = where(query, range);
  const isPlain = filters <= (first === null ? 0 : 1);
  if (isPlain && (!hidesReadings(query) || query.request_id !== undefined)) return null;
  const most = isPlain ? Math.min(budget, READINGS_SCANNED) : budget;
  const conditions = [...(first === null ? [] : [first.condition]), "e.seq BETWEEN ? AND ?"].join(" AND ");
  return {
    sql: `SELECT e.seq AS seq FROM entries e WHERE ${conditions} ORDER BY e.seq ${direction} LIMIT 1 OFFSET ?`,
    values: [...(first === null ? [] : first.bound), range.from, range.to, most - 1],
  };
}

/**
 * One page and one row more, which tells whether there is a next page.
 *
 * Only the most selective filter may use its index (a unary plus hides the others from the planner). Every index is in
 * ledger order, so no page is sorted, and the cost of a page is bounded by the rows of that one filter.
 * @param range from the requested times and the cursor.
 */
export function listStatement(query: AuditQuery, range: SeqRange): Statement {
  const { actor, order, limit } = query;
  const direction = order === "newest" ? "DESC" : "ASC";
  const end = `ORDER BY seq ${direction} LIMIT ?`;
  if (actor === undefined || query.request_id !== undefined || query.txn !== undefined) {
    const { conditions, values } = where(query, range);
    return {
      sql: `SELECT e.seq AS seq, e.record, e.hash FROM entries e WHERE ${conditions} ${end}`,
      values: [...values, limit + 1],
    };
  }
  // The caller is in the entry, the other agents of its chain are in `actors`: two ordered streams are merged.
  const rest = where({ ...query, actor: undefined }, range, true);
  return {
    sql: `SELECT e.seq AS seq, e.record, e.hash FROM entries e WHERE e.agent = ? AND ${rest.conditions}
          UNION ALL
          SELECT a.seq AS seq, e.record, e.hash FROM actors a CROSS JOIN entries e ON e.seq = a.seq
          WHERE a.agent = ? AND a.seq BETWEEN ? AND ? AND ${rest.conditions} ${end}`,
    values: [actor, ...rest.values, actor, range.from, range.to, ...rest.values, limit + 1],
  };
}

interface Where {
  readonly conditions: string;
  readonly values: readonly (string | number)[];
  /** The number of conditions, without those for the range and for readings. */
  readonly filters: number;
  /** The condition that uses its index; null when none does. */
  readonly first: { readonly condition: string; readonly bound: readonly (string | number)[] } | null;
}

/** @param indexed true when an index has been chosen already, so that no filter here may use one. */
function where(query: AuditQuery, range: SeqRange, indexed = false): Where {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  let chosen = indexed;
  let first: Where["first"] = null;
  const also = (condition: string, ...bound: readonly (string | number)[]): void => {
    conditions.push(condition);
    values.push(...bound);
  };
  const byIndex = (condition: string, ...bound: readonly (string | number)[]): void => {
    also(`${chosen ? "+" : ""}${condition}`, ...bound);
    if (!chosen) first = { condition, bound };
    chosen = true;
  };

  if (query.request_id !== undefined) byIndex("e.request_id = ?", query.request_id);
  if (query.txn !== undefined) byIndex("e.txn = ?", query.txn);
  if (query.user !== undefined) byIndex("e.user_id = ?", query.user);
  // The agent comes before the reason, because there are many agents and few reasons.
  if (query.agent !== undefined) byIndex("e.agent = ?", query.agent);
  if (query.operator !== undefined) byIndex("e.operator = ?", query.operator);
  if (query.reason !== undefined) byIndex("e.reason = ?", query.reason);
  if (query.actor !== undefined) {
    also(
      "(+e.agent = ? OR EXISTS (SELECT 1 FROM actors a WHERE a.agent = ? AND a.seq = e.seq))",
      query.actor,
      query.actor,
    );
  }
  if (query.tool !== undefined) {
    byIndex("e.tool = ?", toolOf(query.tool));
    if (query.tool.includes("/")) also("+e.target = ?", query.tool);
  }
  if (query.kind !== undefined) {
    const below = query.kind.endsWith(".*") ? query.kind.slice(0, -1) : null;
    if (below === null) byIndex("e.kind = ?", query.kind);
    else {
      byIndex("e.family = ?", familyOf(below) ?? below);
      also("substr(e.kind, 1, ?) = ?", below.length, below);
    }
  }
  if (query.decision === "deny") byIndex("e.decision = 'deny'");
  if (query.decision === "allow") also("+e.decision = 'allow'");
  if (query.decision === "any") also("+e.decision IS NOT NULL");
  if (query.shadow) also("+e.decision IS NOT NULL AND json_extract(e.record, '$.data.shadow') IS NOT NULL");
  if (query.since !== undefined) also("+e.time >= ?", Date.parse(query.since));
  if (query.until !== undefined) also("+e.time < ?", Date.parse(query.until));
  if (query.key !== undefined) {
    also(
      `(e.target = ? OR json_extract(e.record, '$.data.credential_id') = ?
        OR EXISTS (SELECT 1 FROM json_each(e.record, '$.chain') WHERE json_extract(value, '$.key') = ?))`,
      query.key,
      query.key,
      query.key,
    );
  }
  const filters = conditions.length;
  if (hidesReadings(query)) also("+e.kind <> 'audit.read'");
  also("e.seq BETWEEN ? AND ?", range.from, range.to);
  return { conditions: conditions.join(" AND "), values, filters, first };
}
