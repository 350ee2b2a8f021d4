/** Stores the hold of a suspended agent, of which there is at most one. */
import type { OperatorRef } from "../operations/request/request-meta.ts";
import { OneRowTable } from "./one-row-table.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const HOLD_STEPS: readonly SchemaStep[] = [
  "CREATE TABLE hold (one INTEGER PRIMARY KEY CHECK (one = 1), hold TEXT NOT NULL) STRICT",
];

/** The operator and the reason of a hold. */
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
