/** Which numbers of each producer have arrived in a ledger, and which are missing (P8). */
import { EMPTY_LINE, type NumberLine, type NumberRange } from "../audit/number-line.ts";

export interface ProducerGaps {
  readonly producer: string;
  readonly highest: number;
  /** Numbers that have not arrived, as ranges, at most 20. */
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
   * Forgets isolates that are long gone and of which nothing is missing; owner objects are never forgotten. Should one
   * come back all the same, what it sent before shows as a gap: a false alarm, and never a silence.
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

/** Ranges as `from-to,from-to`; nothing missing is the empty text. */
const writeRanges = (ranges: readonly NumberRange[]): string =>
  ranges.map(({ from, to }) => `${from}-${to}`).join(",");

const readRanges = (text: string): NumberRange[] =>
  [...text.matchAll(/(\d+)-(\d+)/g)].map(([, from, to]) => ({ from: Number(from), to: Number(to) }));
