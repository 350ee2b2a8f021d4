/**
 * What a ledger keeps outside its entries: records that could not become an entry, and messages that the queue gave up
 * on.
 */
import { toHex, utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";
import { BOUND_LIST } from "../storage/in-list.ts";

export interface AsideRow {
  readonly digest: string;
  readonly raw: string;
}

/** The most characters that are kept, because a row holds at most 2 MB. */
const MAX_RAW_CHARS = 500_000;

export class LedgerAside {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Keeps a record that cannot become an entry. Repeats are counted. */
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

  /** Records rejected for this reason, the next ones after a digest. */
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

  /** The next dead letters after an id, ordered by id. */
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

  counts(): { readonly rejected: number; readonly dead_letters: number } {
    return this.#sql
      .exec<{ rejected: number; dead_letters: number }>(
        `SELECT (SELECT count(*) FROM rejected) AS rejected, (SELECT count(*) FROM dead_letters) AS dead_letters`,
      )
      .one();
  }
}

function rawText(raw: unknown): string {
  try {
    return JSON.stringify(raw) ?? String(raw);
  } catch {
    return String(raw);
  }
}
