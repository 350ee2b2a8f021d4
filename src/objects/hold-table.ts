/** The one hold that a suspended agent may be under, and who has ordered it. */
import type { OperatorRef } from "../operations/request/request-meta.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const HOLD_STEPS: readonly SchemaStep[] = [
  "CREATE TABLE hold (one INTEGER PRIMARY KEY CHECK (one = 1), hold TEXT NOT NULL) STRICT",
];

/** A hold as it is ordered with a stop. */
export interface HoldOrder {
  readonly operator: OperatorRef;
  readonly reason: string | null;
}

export interface StoredHold extends HoldOrder {
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export class HoldTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(): StoredHold | null {
    const [row] = this.#sql.exec<{ hold: string }>("SELECT hold FROM hold WHERE one = 1").toArray();
    return row === undefined ? null : (JSON.parse(row.hold) as StoredHold);
  }

  /** The first hold stands: a second one adds nothing. */
  put(hold: StoredHold): void {
    this.#sql.exec("INSERT OR IGNORE INTO hold (one, hold) VALUES (1, ?)", JSON.stringify(hold));
  }

  clear(): void {
    this.#sql.exec("DELETE FROM hold");
  }
}
