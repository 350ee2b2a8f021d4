/**
 * The other side of the seam: one request at the server behind a tool, in the era that the server speaks, and each of
 * its messages in the era that the client speaks.
 */
import type { UpstreamLimits, UpstreamResponse } from "../../egress/open.ts";
import type { Result } from "../../kernel/result.ts";
import type { Caller } from "../../access/caller.ts";
import type { RpcMessage } from "../../mcp/message.ts";
import type { JsonSchema } from "../../registry/schema-text.ts";
import type { McpServerAt, McpUpstreamFault } from "./own-exchange.ts";
import type { McpUpstreamPorts } from "./known-server.ts";
import type { SessionBookPorts, SessionBook } from "./sessions/session-book.ts";
import type { CancellationPorts } from "./cancellation.ts";
import type { ClientRequest } from "./client-request.ts";

export type ServerPorts = McpUpstreamPorts &
  CancellationPorts &
  SessionBookPorts & {
    /** Sessions at legacy servers, kept for modern clients. */
    readonly sessions: SessionBook;
  };

export interface Asked {
  readonly caller: Caller;
  readonly request: ClientRequest;
  /** What goes with this request alone: the credential, and the context of the call. */
  readonly sent: Headers;
  /** The pinned schema of the tool that is called; undefined for any other request. */
  readonly inputSchema: JsonSchema | undefined;
  readonly bounds: UpstreamLimits;
  /** The request may reach the server twice: it changes nothing, as an operator has reviewed or as its method says. */
  readonly isRepeatable: boolean;
}

/** With any status. The messages are in its body: one, or one in each event. */
export interface Exchanged extends UpstreamResponse {
  /** The session at a legacy server in which it was made. */
  readonly session?: { readonly id: string | null; readonly attempts: number };
  /**
   * Ids of its events. `kept`: the client may take up the stream again where it has ended (2025-11-25, "Resumability and
   * Redelivery"). `dropped`: the client's era has no such thing.
   */
  readonly eventIds: "kept" | "dropped";
  /**
   * A message of the server as the client hears it.
   * @returns null: not for this client; for a response, that it is not one that the server may give.
   */
  heard(message: RpcMessage, text: string): string | null;
}

/**
 * Sends one request. Whatever its era needs around it (a session, a message that cancels) is its own affair.
 * @param server its signal ends the exchange at any moment.
 */
export type Exchange = (
  ports: ServerPorts,
  server: McpServerAt,
  asked: Asked,
) => Promise<Result<Exchanged, McpUpstreamFault>>;
