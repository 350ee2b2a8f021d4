/** The numbers of each producer that have arrived in a ledger, and those that are missing (P8). */
import { EMPTY_LINE, type NumberLine, type NumberRange } from "../audit/number-line.ts";

export interface ProducerGaps {
  readonly producer: string;
  readonly highest: number;
  /** Missing numbers, as at most 20 ranges. */
  readonly missing: readonly NumberRange[];
}

const RANGES_SHOWN = 20;

export class LedgerProducers {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
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

  save(producer: string, { highest, missing }: NumberLine, now: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO producers (producer, highest, missing, seen_at) VALUES (?, ?, ?, ?)",
      producer,
      highest,
      writeRanges(missing),
      now,
    );
  }

  /**
   * Deletes isolates that ended long ago and have no missing numbers; owner objects are never deleted. If such an
   * isolate sends again after all, its earlier numbers show as a gap: a false alarm, but no loss goes unnoticed.
   */
  forget(before: number): void {
    this.#sql.exec(
      "DELETE FROM producers WHERE seen_at < ? AND missing = '' AND producer LIKE 'iso:%'",
      before,
    );
  }

  count(): number {
    return this.#sql.exec<{ count: number }>("SELECT count(*) AS count FROM producers").one().count;
  }

  /** Producers with missing numbers. */
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

/** Ranges as `from-to,from-to`; empty when nothing is missing. */
const writeRanges = (ranges: readonly NumberRange[]): string =>
  ranges.map(({ from, to }) => `${from}-${to}`).join(",");

const readRanges = (text: string): NumberRange[] =>
  [...text.matchAll(/(\d+)-(\d+)/g)].map(([, from, to]) => ({ from: Number(from), to: Number(to) }));
