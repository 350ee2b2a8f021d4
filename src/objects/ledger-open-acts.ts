/**
 * The open acts of a ledger: intents without an outcome (P8). A row lives from the arrival of the intent to that of the
 * outcome, at most until the act is closed as `unknown`. So the table, and whatever reads it, is as large as what is
 * open, however long the ledger is.
 */
import { closesAt } from "../audit/open-act.ts";
import { readStored } from "../audit/record.ts";
import type { AuditRecord, StoredRecord } from "../contract/audit.ts";
import type { OpenActQuery } from "../contract/open-act.ts";
import { toHex } from "../kernel/bytes.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { ok, type Result } from "../kernel/result.ts";
import type { OpenActPage } from "../operations/owners/ledger-reader.ts";
import { BOUND_LIST } from "../storage/in-list.ts";
import type { BadCursor } from "./ledger-range.ts";
import { cursorOf, parseCursor } from "./ledger-query.ts";
import { agentOf } from "./ledger-schema.ts";

/** The most open acts that one page examines. */
const MOST_EXAMINED = 1_000;

/** A record that has just become an entry. */
interface Arrived {
  readonly record: AuditRecord;
  readonly seq: number;
}

type OpenRow = { seq: number; closes_at: number; record: string; hash: ArrayBuffer };

export class LedgerOpenActs {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /**
   * To be called with the new records of one append. Intents and outcomes travel separately, so either may arrive first;
   * of a short act both arrive together, and it is never written down as open.
   */
  note(arrived: readonly Arrived[], now: number): void {
    const begun = new Map<string, Arrived>();
    const ended = new Set<string>();
    for (const each of arrived) {
      const { kind, decision_id: act } = each.record;
      if (act === undefined) continue;
      if (kind === "call.intent") begun.set(act, each);
      if (kind === "call.outcome") ended.add(act);
    }
    const earlier = [...ended].filter((act) => !begun.has(act));
    if (earlier.length > 0)
      this.#sql.exec(`DELETE FROM open_acts WHERE act IN ${BOUND_LIST}`, JSON.stringify(earlier));
    for (const [act, { record, seq }] of begun) {
      if (ended.has(act) || this.#hasEnded(act)) continue;
      this.#sql.exec(
        "INSERT INTO open_acts (seq, act, agent, closes_at) VALUES (?, ?, ?, ?)",
        seq,
        act,
        agentOf(record),
        closesAt(record, now),
      );
    }
  }

  /** When the next one is to be closed, in milliseconds since the epoch; null: none is open. */
  nextEnd(): number | null {
    return this.#sql.exec<{ at: number | null }>("SELECT min(closes_at) AS at FROM open_acts").one().at;
  }

  /** The intents of those that are to be closed, the first ones first. */
  overdue(now: number, limit: number): StoredRecord[] {
    const rows = this.#sql.exec<{ record: string }>(
      `SELECT e.record FROM open_acts o CROSS JOIN entries e ON e.seq = o.seq
       WHERE o.closes_at <= ? ORDER BY o.closes_at LIMIT ?`,
      now,
      limit,
    );
    return [...rows].map(({ record }) => readStored(record));
  }

  /** A page in the order of arrival. It may be short, or empty, and have a cursor all the same. */
  page({ agent, limit, cursor }: OpenActQuery): Result<OpenActPage, BadCursor> {
    const shown = cursor === undefined ? ok(0) : parseCursor(cursor);
    if (!shown.ok) return shown;
    const edge = this.#sql
      .exec<{ seq: number }>(
        "SELECT seq FROM open_acts WHERE seq > ? ORDER BY seq LIMIT 1 OFFSET ?",
        shown.value,
        MOST_EXAMINED - 1,
      )
      .toArray()[0]?.seq;
    const rows = this.#sql
      .exec<OpenRow>(
        `SELECT o.seq, o.closes_at, e.record, e.hash FROM open_acts o CROSS JOIN entries e ON e.seq = o.seq
         WHERE o.seq > ?1 AND o.seq <= ?2 AND (?3 IS NULL OR o.agent = ?3) ORDER BY o.seq LIMIT ?4`,
        shown.value,
        edge ?? Number.MAX_SAFE_INTEGER,
        agent ?? null,
        limit + 1,
      )
      .toArray();
    const items = rows.slice(0, limit);
    const end = rows.length > limit ? items.at(-1)?.seq : edge;
    return ok({ items: items.map(asOpenAct), next_cursor: end === undefined ? null : cursorOf(end) });
  }

  #hasEnded(act: string): boolean {
    const found = this.#sql.exec(
      `SELECT 1 FROM entries WHERE decision_id = ? AND family IS NOT 'sdk' AND +kind = 'call.outcome' LIMIT 1`,
      act,
    );
    return found.toArray().length > 0;
  }
}

const asOpenAct = ({ seq, closes_at, record, hash }: OpenRow): OpenActPage["items"][number] => ({
  ...readStored(record),
  seq,
  hash: toHex(new Uint8Array(hash)),
  closes_at: rfc3339(closes_at),
});
