/** Halts as their objects keep them and tell of them. Times in milliseconds since the epoch. */
import type { AgentId, HaltId, KeyId, TxnId, WorkspaceId } from "../../kernel/ids.ts";
import type { OperatorRef } from "../request/request-meta.ts";

/** A halt as its object keeps it. Times in milliseconds since the epoch. */
export interface StoredHalt {
  readonly id: HaltId;
  readonly kind: "suspend" | "revoke" | "key" | "workspace" | "user" | "transaction";
  readonly workspaceId: WorkspaceId;
  readonly agents: readonly { readonly agent: AgentId; readonly epoch: number }[];
  readonly keys: readonly KeyId[];
  /** Of a workspace: the halt epoch that began with this halt. */
  readonly haltEpoch?: number;
  /** Of a user's stop: `usr_…`. */
  readonly user?: string;
  /** Of a transaction's stop. */
  readonly txn?: TxnId;
  /** The stop of an ancestor that this one follows from. */
  readonly cause?: HaltCause;
  readonly operator: OperatorRef;
  readonly reason: string | null;
  readonly committedAt: number;
  readonly effectiveAt: number | null;
}

export interface HaltCause {
  readonly agent: AgentId;
  readonly halt: HaltId;
}

/** How far a stop of a whole family has come. Counts include the root. */
export interface CascadeProgress {
  readonly total: number;
  readonly committed: number;
  readonly effective: number;
  /** When all of it was effective, in milliseconds since the epoch. */
  readonly finishedAt: number | null;
  /** The descendants, as far as they are listed. */
  readonly agents: StoredHalt["agents"];
}

/** A halt with how long it still takes to be effective. With a cascade it is effective when the cascade has finished. */
export interface HaltProgress {
  readonly halt: StoredHalt;
  readonly effectiveInMs: number;
  readonly cascade?: CascadeProgress;
}

export interface HaltSource {
  halt(id: string): Promise<HaltProgress | null>;
  halts(limit: number): Promise<HaltProgress[]>;
  /** Resolves when the halt is effective, or after `mostMs` milliseconds. */
  awaitHalt(id: string, mostMs: number): Promise<HaltProgress | null>;
}
