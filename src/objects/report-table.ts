/**
 * The events that an agent has recently reported, so that a repeat is recognised before the ledger has the first one.
 * Older events are in the ledger, so no event is recorded twice.
 */
import { BOUND_LIST } from "../storage/in-list.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const REPORT_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE reports (id TEXT PRIMARY KEY, digest TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX reports_by_time ON reports (at)`,
];

/** Longer than a record takes to a ledger that can be reached. */
const KEEP_MS = 86_400_000;
const MOST_KEPT = 50_000;

export class ReportTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Digests of known events, by record id. */
  known(ids: readonly string[]): ReadonlyMap<string, string> {
    const rows = this.#sql.exec<{ id: string; digest: string }>(
      `SELECT id, digest FROM reports WHERE id IN ${BOUND_LIST}`,
      JSON.stringify(ids),
    );
    return new Map([...rows].map(({ id, digest }) => [id, digest]));
  }

  note(id: string, digest: string, now: number): void {
    this.#sql.exec("INSERT INTO reports (id, digest, at) VALUES (?, ?, ?)", id, digest, now);
  }

  /**
   * Deletes old and surplus rows.
   * @returns when the next one can be deleted (milliseconds since the epoch).
   */
  sweep(now: number): number | undefined {
    this.#sql.exec("DELETE FROM reports WHERE at <= ?", now - KEEP_MS);
    this.#sql.exec(
      "DELETE FROM reports WHERE at <= (SELECT at FROM reports ORDER BY at DESC LIMIT 1 OFFSET ?)",
      MOST_KEPT,
    );
    const { first } = this.#sql.exec<{ first: number | null }>("SELECT min(at) AS first FROM reports").one();
    return first === null ? undefined : first + KEEP_MS;
  }
}

/** How often the table is swept while it is written to, in milliseconds. */
export const SWEEP_REPORTS_MS = 3_600_000;
