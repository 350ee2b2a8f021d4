/** How the door holds a stream of an agent's lifecycle events: the agent's object sends, the door reads. Plain data. */
import type { AgentEventType } from "../../contract/agent-event.ts";
import type { AgentId, KeyId, TokenId, WorkspaceId } from "../../kernel/ids.ts";
import type { Result } from "../../kernel/result.ts";

/** What opens a stream, as authenticated. */
export interface Subscription {
  readonly key: KeyId;
  /** Of the token that it came with; null: it came with the key itself. */
  readonly token: {
    readonly epoch: number;
    /** `jti` of every ancestor token and of this one. */
    readonly path: readonly TokenId[];
  } | null;
  /** The number of the last event that the reader has; null: it begins with what is so now. */
  readonly after: number | null;
}

/** The agent as its object knows it, when the stream begins. Times in milliseconds by the object's clock. */
export interface AgentSnapshot {
  readonly kind: "snapshot";
  readonly at: number;
  readonly last: number;
  readonly missed: boolean;
  /** How many events follow that are older than this. */
  readonly replays: number;
  readonly agent: { readonly id: AgentId; readonly name: string; readonly workspace: WorkspaceId };
  readonly state: "active" | "suspended";
  readonly draining: { readonly deadline: number; readonly then: "suspended" | "revoked" } | null;
  readonly keys: readonly { readonly id: KeyId; readonly expiresAt: number | null }[];
  readonly recordVersion: number;
  /** Of a suspended agent: for how long it may deliver what it has buffered. */
  readonly lateReportsMs: number | null;
}

/** One event. `data`: its own members on the wire. */
export interface StreamedEvent {
  readonly kind: "event";
  readonly n: number;
  readonly type: AgentEventType;
  readonly at: number;
  readonly replayed: boolean;
  readonly data: Readonly<Record<string, unknown>>;
}

export type StreamMessage = AgentSnapshot | StreamedEvent;

/** A stream that is open. It holds a bounded number of messages that nobody has read, and is cut beyond that. */
export interface AgentStream {
  /** @returns what was sent; `quiet` when nothing was for `waitMs` milliseconds; null when the stream has ended. */
  next(waitMs: number): Promise<StreamMessage | "quiet" | null>;
  close(): void;
}

/** `closed`: the credential opens nothing now. */
export type NotOpened = { readonly kind: "closed" | "too_many" };

export interface AgentStreams {
  open(agent: AgentId, subscription: Subscription): Promise<Result<AgentStream, NotOpened>>;
}
