/** What a ledger remembers of itself: how late records come, and how full it was found. */
import type { EvidenceLevel } from "../lifecycle/evidence.ts";

/** How a level is kept among the facts, which are numbers. */
const LEVELS: readonly EvidenceLevel[] = ["ok", "alarm", "full"];

export class LedgerFacts {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
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
}
