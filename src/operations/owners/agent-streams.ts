/** Streams of an agent's lifecycle events: the agent's object sends, the door reads. All messages are plain data. */
import type { AgentEventType } from "../../contract/agent-event.ts";
import type { AgentId, KeyId, TokenId, WorkspaceId } from "../../kernel/ids.ts";
import type { Result } from "../../kernel/result.ts";
import type { HeardOfWorkspace } from "./workspace-owner.ts";

/** The authenticated request to open a stream. */
export interface Subscription {
  readonly key: KeyId;
  /** The call token that opened the stream; null when the key itself opened it. */
  readonly token: {
    readonly epoch: number;
    /** `jti` of every ancestor token and of this one. */
    readonly path: readonly TokenId[];
  } | null;
  /** The number of the last event that the reader has; null to begin with the current state. */
  readonly after: number | null;
  /** What the door knows of the workspace, which is not halted. Absent from a door of an earlier version. */
  readonly home?: HeardOfWorkspace;
}

/** The agent as its object knows it, when the stream begins. Times in milliseconds by the object's clock. */
export interface AgentSnapshot {
  readonly kind: "snapshot";
  readonly at: number;
  readonly last: number;
  readonly missed: boolean;
  /** The number of events that follow and are older than this snapshot. */
  readonly replays: number;
  readonly agent: { readonly id: AgentId; readonly name: string; readonly workspace: WorkspaceId };
  readonly state: "active" | "suspended";
  readonly draining: { readonly deadline: number; readonly then: "suspended" | "revoked" } | null;
  readonly keys: readonly { readonly id: KeyId; readonly expiresAt: number | null }[];
  readonly recordVersion: number;
  /** For a suspended agent: the time for which it may still deliver buffered events. */
  readonly lateReportsMs: number | null;
}

/** One event. `data`: its further members on the wire. */
export interface StreamedEvent {
  readonly kind: "event";
  readonly n: number;
  readonly type: AgentEventType;
  readonly at: number;
  readonly replayed: boolean;
  readonly data: Readonly<Record<string, unknown>>;
}

export type StreamMessage = AgentSnapshot | StreamedEvent;

/** An open stream. It buffers a bounded number of unread messages, and is cut when there are more. */
export interface AgentStream {
  /**
   * @returns the next message; `quiet` when there was none for `waitMs` milliseconds; null when the stream has ended.
   */
  next(waitMs: number): Promise<StreamMessage | "quiet" | null>;
  close(): void;
}

/** `closed`: the credential may not open a stream now. */
export type NotOpened = { readonly kind: "closed" | "too_many" };

export interface AgentStreams {
  open(agent: AgentId, subscription: Subscription): Promise<Result<AgentStream, NotOpened>>;
}
