/** Stores the drain of an agent, of which there is at most one: the order that a timer carries out at the deadline. */
import type { HaltId } from "../kernel/ids.ts";
import type { Drain } from "../lifecycle/drain.ts";
import type { OperatorRef } from "../operations/request/request-meta.ts";
import type { HoldOrder } from "./hold-table.ts";
import { OneRowTable } from "./one-row-table.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const DRAIN_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE drain (
     one INTEGER PRIMARY KEY CHECK (one = 1), deadline INTEGER NOT NULL, drain TEXT NOT NULL
   ) STRICT`,
];

export interface StoredDrain extends Drain {
  /** The id for the halt at the deadline, so that the operator can ask for its receipt. */
  readonly halt: HaltId;
  readonly operator: OperatorRef;
  readonly reason: string | null;
  readonly requestId: string;
  /** The operator and reason of a hold; null or absent when the stop is no hold. */
  readonly hold?: HoldOrder | null;
}

export class DrainTable extends OneRowTable<StoredDrain> {
  constructor(sql: SqlStorage) {
    super(sql, "drain", ["deadline"]);
  }
}
