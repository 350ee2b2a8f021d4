/** The free space of the workspace's ledger, as last reported to the workspace's object. */
import type { EvidenceReport } from "../operations/owners/workspace-owner.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const EVIDENCE_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE evidence (
     one INTEGER PRIMARY KEY CHECK (one = 1), level TEXT NOT NULL, at INTEGER NOT NULL
   ) STRICT;
   INSERT INTO evidence (one, level, at) VALUES (1, 'ok', 0)`,
];

type Row = { level: EvidenceReport["level"]; at: number };

export class EvidenceTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  level(): EvidenceReport["level"] {
    return this.#sql.exec<Row>("SELECT level, at FROM evidence").one().level;
  }

  /** Stores a report, unless a newer one is stored. */
  note({ level, at }: EvidenceReport): void {
    this.#sql.exec("UPDATE evidence SET level = ?1, at = ?2 WHERE at <= ?2", level, Math.floor(at));
  }
}
