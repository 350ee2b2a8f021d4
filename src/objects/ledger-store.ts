/** The entries of a ledger. Every function is synchronous: a transaction decides on exactly what it has read. */
import { readStored } from "../audit/record.ts";
import type { AuditEntry, AuditQuery, AuditRecord, ChainEntry, StoredRecord } from "../contract/audit.ts";
import { MOST_EXPLAINED } from "../contract/check.ts";
import { toHex } from "../kernel/bytes.ts";
import { BOUND_LIST } from "../storage/in-list.ts";
import { listStatement, scanStatement, type SeqRange } from "./ledger-query.ts";
import { FILTER_COLUMNS, filterValues, otherActors } from "./ledger-schema.ts";

interface LedgerHead {
  readonly seq: number;
  /** `null` for a ledger without records. */
  readonly hash: Uint8Array | null;
  readonly timeHigh: number;
}

interface NewEntry {
  readonly seq: number;
  readonly record: AuditRecord;
  /** The record as JSON. */
  readonly json: string;
  readonly time: number;
  readonly timeHigh: number;
  readonly salt: Uint8Array | null;
  readonly hash: Uint8Array;
}

export interface KnownEntry {
  readonly seq: number;
  readonly json: string;
  readonly salt: ArrayBuffer | null;
}

type EntryRow = { seq: number; record: string; hash: ArrayBuffer };
type ChainRow = EntryRow & { salt: ArrayBuffer | null };

const INSERT_ENTRY = `INSERT INTO entries (seq, id, time, time_high, record, salt, hash,
  ${FILTER_COLUMNS.join(", ")}) VALUES (${Array.from({ length: 7 + FILTER_COLUMNS.length }, () => "?").join(", ")})`;

/** Each half in its own index. */
export const BY_DECISION = `
  SELECT seq, record, hash FROM entries WHERE decision_id = ?1 AND family IS NOT 'sdk'
  UNION ALL
  SELECT seq, record, hash FROM (
    SELECT seq, record, hash FROM entries WHERE decision_id = ?1 AND family = 'sdk' ORDER BY seq LIMIT ${MOST_EXPLAINED}
  )
  ORDER BY seq`;

export class LedgerStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  head(): LedgerHead {
    const [row] = this.#sql
      .exec<{ seq: number; hash: ArrayBuffer; time_high: number }>(
        "SELECT seq, hash, time_high FROM entries ORDER BY seq DESC LIMIT 1",
      )
      .toArray();
    if (row === undefined) return { seq: 0, hash: null, timeHigh: 0 };
    return { seq: row.seq, hash: new Uint8Array(row.hash), timeHigh: row.time_high };
  }

  /** Those of these ids that the ledger has. */
  knownIds(ids: readonly string[]): Set<string> {
    const rows = this.#sql.exec<{ id: string }>(
      `SELECT id FROM entries WHERE id IN ${BOUND_LIST}`,
      JSON.stringify(ids),
    );
    return new Set([...rows].map(({ id }) => id));
  }

  known(id: string): KnownEntry | null {
    const [row] = this.#sql
      .exec<{ seq: number; record: string; salt: ArrayBuffer | null }>(
        "SELECT seq, record, salt FROM entries WHERE id = ?",
        id,
      )
      .toArray();
    return row === undefined ? null : { seq: row.seq, json: row.record, salt: row.salt };
  }

  insert(entry: NewEntry): void {
    const { seq, record, json, time, timeHigh, salt, hash } = entry;
    this.#sql.exec(INSERT_ENTRY, seq, record.id, time, timeHigh, json, salt, hash, ...filterValues(record));
    for (const agent of otherActors(record)) {
      this.#sql.exec("INSERT INTO actors (agent, seq) VALUES (?, ?)", agent, seq);
    }
  }

  /**
   * @returns one entry more than the page, if there is one; `edge` is the `seq` at which the examination ended early,
   * or null.
   */
  list(query: AuditQuery, range: SeqRange): { readonly entries: AuditEntry[]; readonly edge: number | null } {
    const edge = this.#edgeOf(query, range);
    const reached =
      edge === null ? range : query.order === "newest" ? { ...range, from: edge } : { ...range, to: edge };
    const { sql, values } = listStatement(query, reached);
    const entries = this.#sql
      .exec<EntryRow>(sql, ...values)
      .toArray()
      .map(asEntry);
    return { entries, edge };
  }

  #edgeOf(query: AuditQuery, range: SeqRange): number | null {
    const scan = scanStatement(query, range);
    if (scan === null) return null;
    const [row] = this.#sql.exec<{ seq: number }>(scan.sql, ...scan.values).toArray();
    return row?.seq ?? null;
  }

  byId(id: string): AuditEntry | null {
    const [row] = this.#sql
      .exec<EntryRow>("SELECT seq, record, hash FROM entries WHERE id = ?", id)
      .toArray();
    return row === undefined ? null : asEntry(row);
  }

  /** All of Dome's own records of a decision, and the first ones that agents reported of it, ordered by `seq`. */
  byDecision(decisionId: string): AuditEntry[] {
    return this.#sql.exec<EntryRow>(BY_DECISION, decisionId).toArray().map(asEntry);
  }

  /** Consecutive entries with their salts, up to `limit` records or about `maxChars` of JSON. */
  range(from: number, limit: number, maxChars: number): ChainEntry[] {
    const entries: ChainEntry[] = [];
    let chars = 0;
    const rows = this.#sql.exec<ChainRow>(
      "SELECT seq, record, salt, hash FROM entries WHERE seq >= ? ORDER BY seq LIMIT ?",
      from,
      limit,
    );
    for (const row of rows) {
      entries.push(asChainEntry(row));
      chars += row.record.length;
      if (chars >= maxChars) break;
    }
    return entries;
  }

  hashAt(seq: number): Uint8Array | null {
    const [row] = this.#sql
      .exec<{ hash: ArrayBuffer }>("SELECT hash FROM entries WHERE seq = ?", seq)
      .toArray();
    return row === undefined ? null : new Uint8Array(row.hash);
  }

  /** The first `seq` whose `time_high` is at or after `time`; `last + 1` when there is none. Binary search. */
  firstSince(time: number, last: number): number {
    let low = 1;
    let high = last + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const { time_high: at } = this.#sql
        .exec<{ time_high: number }>("SELECT time_high FROM entries WHERE seq = ?", middle)
        .one();
      if (at >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Replaces an entry's record by its erased form and drops its salt. */
  replaceErased(seq: number, record: StoredRecord): void {
    this.#sql.exec(
      "UPDATE entries SET record = ?, salt = NULL, operator = NULL WHERE seq = ?",
      JSON.stringify(record),
      seq,
    );
  }
}

const asEntry = (row: EntryRow): AuditEntry => ({
  ...readStored(row.record),
  seq: row.seq,
  hash: toHex(new Uint8Array(row.hash)),
});

const asChainEntry = (row: ChainRow): ChainEntry => ({
  seq: row.seq,
  record: readStored(row.record),
  salt: row.salt === null ? null : toHex(new Uint8Array(row.salt)),
  hash: toHex(new Uint8Array(row.hash)),
});
