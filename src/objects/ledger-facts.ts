/** Facts that a ledger stores about itself: how late records arrive, and how full it last was. */
import type { EvidenceLevel } from "../lifecycle/evidence.ts";

/** Encodes a level as a number, because facts are numbers. */
const LEVELS: readonly EvidenceLevel[] = ["ok", "alarm", "full"];

export class LedgerFacts {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The longest time by which a record was older than an earlier entry, in milliseconds. */
  timeLag(): number {
    const [row] = this.#sql
      .exec<{ value: number }>("SELECT value FROM facts WHERE name = 'time_lag_ms'")
      .toArray();
    return row?.value ?? 0;
  }

  setTimeLag(ms: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO facts (name, value) VALUES ('time_lag_ms', ?)", ms);
  }

  /** The level that was last found. */
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
}
