/** The reads and writes of a ledger's tables. Synchronous: what one transaction writes is decided on what it read. */
import { EMPTY_LINE, type NumberLine, type NumberRange } from "../audit/number-line.ts";
import { readStored } from "../audit/record.ts";
import type { AuditEntry, AuditQuery, AuditRecord, ChainEntry, StoredRecord } from "../contract/audit.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";
import type { EvidenceLevel } from "../lifecycle/evidence.ts";
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

export interface ProducerGaps {
  readonly producer: string;
  readonly highest: number;
  /** Numbers that have not arrived, as ranges, at most 20. */
  readonly missing: readonly NumberRange[];
}

export interface AsideRow {
  readonly digest: string;
  readonly raw: string;
}

type EntryRow = { seq: number; record: string; hash: ArrayBuffer };
type ChainRow = EntryRow & { salt: ArrayBuffer | null };

const INSERT_ENTRY = `INSERT INTO entries (seq, id, time, time_high, record, salt, hash,
  ${FILTER_COLUMNS.join(", ")}) VALUES (${Array.from({ length: 7 + FILTER_COLUMNS.length }, () => "?").join(", ")})`;

/** How a level is kept among the facts, which are numbers. */
const LEVELS: readonly EvidenceLevel[] = ["ok", "alarm", "full"];

const RANGES_SHOWN = 20;
/** Longer ones are cut: a row holds at most 2 MB. */
const MAX_RAW_CHARS = 500_000;

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

  /** Which of these ids the ledger has already. */
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

  numbers(producer: string): NumberLine {
    const [row] = this.#sql
      .exec<{ highest: number; missing: string }>(
        "SELECT highest, missing FROM producers WHERE producer = ?",
        producer,
      )
      .toArray();
    return row === undefined ? EMPTY_LINE : { highest: row.highest, missing: readRanges(row.missing) };
  }

  saveNumbers(producer: string, { highest, missing }: NumberLine, now: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO producers (producer, highest, missing, seen_at) VALUES (?, ?, ?, ?)",
      producer,
      highest,
      writeRanges(missing),
      now,
    );
  }

  /**
   * Forgets isolates that are long gone and of which nothing is missing; owner objects are never forgotten. Should one
   * come back all the same, what it sent before shows as a gap: a false alarm, and never a silence.
   */
  forgetProducers(before: number): void {
    this.#sql.exec(
      "DELETE FROM producers WHERE seen_at < ? AND missing = '' AND producer LIKE 'iso:%'",
      before,
    );
  }

  /** How far a record's time has ever been behind an earlier record's. */
  timeLag(): number {
    const [row] = this.#sql
      .exec<{ value: number }>("SELECT value FROM facts WHERE name = 'time_lag_ms'")
      .toArray();
    return row?.value ?? 0;
  }

  setTimeLag(ms: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO facts (name, value) VALUES ('time_lag_ms', ?)", ms);
  }

  /** The step of fill that was found last. */
  evidence(): EvidenceLevel {
    const [row] = this.#sql
      .exec<{ value: number }>("SELECT value FROM facts WHERE name = 'evidence'")
      .toArray();
    return LEVELS[row?.value ?? 0] ?? "full";
  }

  setEvidence(level: EvidenceLevel): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO facts (name, value) VALUES ('evidence', ?)",
      LEVELS.indexOf(level),
    );
  }

  /** Keeps what cannot become an entry. The same thing again is counted. */
  reject(raw: unknown, reason: string, now: number): void {
    const text = rawText(raw);
    this.#sql.exec(
      `INSERT INTO rejected (digest, at, times, reason, raw) VALUES (?, ?, 1, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET times = times + 1`,
      toHex(sha256Sync(utf8(text))),
      now,
      reason,
      text.slice(0, MAX_RAW_CHARS),
    );
  }

  /** What was kept aside for this reason, the next ones after a digest. */
  rejected(reason: string, after: string, limit: number): readonly AsideRow[] {
    return this.#sql
      .exec<{ digest: string; raw: string }>(
        "SELECT digest, raw FROM rejected WHERE reason = ? AND digest > ? ORDER BY digest LIMIT ?",
        reason,
        after,
        limit,
      )
      .toArray();
  }

  dropRejected(digest: string): void {
    this.#sql.exec("DELETE FROM rejected WHERE digest = ?", digest);
  }

  keepDeadLetter(id: string, attempts: number, body: unknown, now: number): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO dead_letters (id, at, attempts, raw) VALUES (?, ?, ?, ?)",
      id,
      now,
      attempts,
      rawText(body).slice(0, MAX_RAW_CHARS),
    );
  }

  /** The next dead letters behind an id, in the order of their ids. */
  deadLetters(after: string, limit: number): readonly { readonly id: string; readonly raw: string }[] {
    return this.#sql
      .exec<{ id: string; raw: string }>(
        "SELECT id, raw FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?",
        after,
        limit,
      )
      .toArray();
  }

  dropDeadLetters(ids: readonly string[]): void {
    this.#sql.exec(`DELETE FROM dead_letters WHERE id IN ${BOUND_LIST}`, JSON.stringify(ids));
  }

  /** @returns one entry more than the page has, if there is one, and where looking ended before the range did. */
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

  byDecision(decisionId: string): AuditEntry[] {
    return this.#sql
      .exec<EntryRow>("SELECT seq, record, hash FROM entries WHERE decision_id = ? ORDER BY seq", decisionId)
      .toArray()
      .map(asEntry);
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

  counts(): { readonly producers: number; readonly rejected: number; readonly dead_letters: number } {
    return this.#sql
      .exec<{ producers: number; rejected: number; dead_letters: number }>(
        `SELECT (SELECT count(*) FROM producers) AS producers, (SELECT count(*) FROM rejected) AS rejected,
                (SELECT count(*) FROM dead_letters) AS dead_letters`,
      )
      .one();
  }

  /** Producers of which something is missing. */
  gaps(limit: number): ProducerGaps[] {
    return this.#sql
      .exec<{ producer: string; highest: number; missing: string }>(
        "SELECT producer, highest, missing FROM producers WHERE missing <> '' ORDER BY producer LIMIT ?",
        limit,
      )
      .toArray()
      .map(({ producer, highest, missing }) => ({
        producer,
        highest,
        missing: readRanges(missing).slice(0, RANGES_SHOWN),
      }));
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

/** Ranges as `from-to,from-to`; nothing missing is the empty text. */
const writeRanges = (ranges: readonly NumberRange[]): string =>
  ranges.map(({ from, to }) => `${from}-${to}`).join(",");

const readRanges = (text: string): NumberRange[] =>
  [...text.matchAll(/(\d+)-(\d+)/g)].map(([, from, to]) => ({ from: Number(from), to: Number(to) }));

function rawText(raw: unknown): string {
  try {
    return JSON.stringify(raw) ?? String(raw);
  } catch {
    return String(raw);
  }
}
