/** Halts, as their objects store and report them. Times are in milliseconds since the epoch. */
import type { AgentId, HaltId, KeyId, TxnId, WorkspaceId } from "../../kernel/ids.ts";
import type { OrderKey } from "../../storage/list-order.ts";
import type { OperatorRef } from "../request/request-meta.ts";

/** A halt, as its object stores it. */
export interface StoredHalt {
  readonly id: HaltId;
  readonly kind: "suspend" | "revoke" | "key" | "workspace" | "user" | "transaction";
  readonly workspaceId: WorkspaceId;
  readonly agents: readonly { readonly agent: AgentId; readonly epoch: number }[];
  readonly keys: readonly KeyId[];
  /** For a workspace: the halt epoch that began with this halt. */
  readonly haltEpoch?: number;
  /** For the stop of a user: `usr_…`. */
  readonly user?: string;
  /** For the stop of a transaction. */
  readonly txn?: TxnId;
  /** The stop of an ancestor that caused this one. */
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

/** The progress of stopping an agent and its descendants. Counts include the agent itself. */
export interface CascadeProgress {
  readonly total: number;
  readonly committed: number;
  readonly effective: number;
  /** The time at which the whole stop was effective, in milliseconds since the epoch. */
  readonly finishedAt: number | null;
  /** The descendants; a long list is cut off. */
  readonly agents: StoredHalt["agents"];
}

/**
 * A halt, and the time until it is effective, in milliseconds. With a cascade, it is effective when the cascade has
 * finished.
 */
export interface HaltProgress {
  readonly halt: StoredHalt;
  readonly effectiveInMs: number;
  readonly cascade?: CascadeProgress;
}

/** `after`: the place after which to continue, the time of commit and the id of a halt. The newest come first. */
export interface HaltQuery {
  readonly after?: OrderKey | undefined;
  readonly limit: number;
}

export interface HaltSource {
  halt(id: string): Promise<HaltProgress | null>;
  /** One more than `limit` when there are more. */
  halts(query: HaltQuery): Promise<HaltProgress[]>;
  /** Resolves when the halt is effective, or after `mostMs` milliseconds. */
  awaitHalt(id: string, mostMs: number): Promise<HaltProgress | null>;
}
