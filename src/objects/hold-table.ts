/** The one hold that a suspended agent may be under, and who has ordered it. */
import type { OperatorRef } from "../operations/request/request-meta.ts";
import { OneRowTable } from "./one-row-table.ts";
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

export class HoldTable extends OneRowTable<StoredHold> {
  constructor(sql: SqlStorage) {
    super(sql, "hold");
  }
}
