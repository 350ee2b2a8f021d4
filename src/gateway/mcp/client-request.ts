/**
 * A request of an MCP client, and what it is answered. This is the seam between the client's side of a door and the
 * server's: whatever era a client speaks, its request comes in this form, and leaves in this form.
 */
import type { RequestFacts } from "../../access/judge.ts";
import type { DecisionId } from "../../kernel/ids.ts";
import type { RpcRequest } from "../../mcp/message.ts";
import type { Era } from "../../mcp/revision.ts";
import type { LogLevel } from "../../mcp/log-level.ts";
import type { ServerSession } from "./sessions/client-session.ts";
import type { HeldSessions } from "./sessions/held-sessions.ts";
import type { Unanswered } from "../no-answer.ts";

/** A request that is being answered. Another request may mark it. */
export interface Flight {
  isCancelled: boolean;
}

/** A flight, and what to do when its answer has ended; done again, it does nothing. */
export interface Cancellable {
  readonly flight: Flight;
  over(): void;
}

export interface ClientRequest {
  /** The tool of the door. */
  readonly tool: string;
  readonly era: Era;
  readonly message: RpcRequest;
  /** The same message, as it came. */
  readonly text: string;
  /** Of the HTTP request. Only what is named in `upstream-headers.ts` passes. */
  readonly headers: Headers;
  /** False: the client takes JSON alone, so that the last message of a stream is its answer. */
  readonly takesEvents: boolean;
  readonly request: RequestFacts;
  /** Of a legacy client: its session at the tool's server. Null: the client's era has none. */
  readonly session: ServerSession | null;
  /** Of a legacy client at the door of all servers: the sessions that its own holds. Null: of any other client. */
  readonly held: HeldSessions | null;
  /** The level of messages that a legacy client has set; null: none. */
  readonly logLevel: LogLevel | null;
  /** Aborted when the client has closed the connection: its only way to cancel (2026-07-28, "Cancellation"). */
  readonly gone: AbortSignal;
  /** Of a legacy client, which may cancel by a notification, too; null: of any other. */
  readonly cancellable: Cancellable | null;
}

/** The answer of a tool's server, or why there is none. */
export type ServerAnswer =
  | {
      readonly kind: "message";
      readonly status: number;
      readonly text: string;
      /** When it is worth asking again, as the server says. */
      readonly retryAfterSeconds?: number;
    }
  /** Server-sent events, the last of which is the response. */
  | { readonly kind: "events"; readonly body: ReadableStream<Uint8Array> }
  | Unanswered;

export type ClientAnswer =
  | (ServerAnswer & { readonly decision: DecisionId | null })
  /** The token does not cover what was asked; these scopes do. */
  | { readonly kind: "scope"; readonly detail: string; readonly scopes: readonly string[] };
