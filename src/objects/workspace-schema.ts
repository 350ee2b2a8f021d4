/** The single row of a workspace's object, or of `org`. */
import type { WorkspaceId } from "../kernel/ids.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const WORKSPACE_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE workspace (
     one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL,
     config_epoch INTEGER NOT NULL, halt_epoch INTEGER NOT NULL, halted INTEGER NOT NULL,
     fence INTEGER NOT NULL DEFAULT 0
   ) STRICT`,
];

export type StoredWorkspace = {
  readonly id: WorkspaceId | "org";
  readonly config_epoch: number;
  readonly halt_epoch: number;
  readonly halted: number;
  readonly fence: number;
};
