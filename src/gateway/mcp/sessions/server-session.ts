/**
 * The sessions that Dome itself holds at servers of the legacy era (2025-11-25, "Lifecycle" and "Session Management"). No
 * capability is declared, so a server asks nothing back.
 */
import { err, ok, type Result } from "../../../kernel/result.ts";
import { DOME } from "../../../mcp/capabilities.ts";
import { RPC_ERRORS, errorMessage } from "../../../mcp/errors.ts";
import type { Members, RequestId } from "../../../mcp/json-members.ts";
import type { RpcRequest } from "../../../mcp/message.ts";
import { LEGACY } from "../../../mcp/revision.ts";
import { emptyResult } from "../../../mcp/tool-result.ts";
import {
  discard,
  LIMITS,
  post,
  resultIn,
  withCredential,
  type ExchangePorts,
  type McpServerAt,
  type McpUpstreamFault,
  type Answered,
} from "../own-exchange.ts";

export interface LegacySession {
  /** Null: the server keeps none. */
  readonly id: string | null;
  /** The version that the server chose. */
  readonly version: string;
}

/** A session that has just begun, and what the server says of itself. */
interface Begun extends LegacySession {
  readonly result: Members;
}

export function sessionHeaders({ id, version }: LegacySession): Headers {
  const headers = new Headers({ "mcp-protocol-version": version });
  if (id !== null) headers.set("mcp-session-id", id);
  return headers;
}

/** A version that a header can hold: the server's own text stands in one from then on. */
const VERSION = /^[\w.-]{1,64}$/;
/** Visible ASCII (2025-11-25, "Session Management"), and short enough to be sealed into an id of Dome. */
const SESSION_ID = /^[\x21-\x7e]{1,1024}$/;

/** @returns null when a server has named what can be no session, or no version. */
export function sessionOf(id: string | null, version: unknown): LegacySession | null {
  if (typeof version !== "string" || !VERSION.test(version)) return null;
  return id === null || SESSION_ID.test(id) ? { id, version } : null;
}

/** As Dome begins a session itself. */
export const INITIALIZE = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: LEGACY, capabilities: {}, clientInfo: DOME },
} as const;

/**
 * `initialize` has neither version nor session in its headers (2025-11-25, "Lifecycle").
 * @param protocol other headers of it.
 */
export async function beginSession(
  ports: ExchangePorts,
  server: McpServerAt,
  protocol: Headers = new Headers(),
): Promise<Result<Begun, McpUpstreamFault>> {
  const answer = await post(ports, server, JSON.stringify(INITIALIZE), protocol);
  if (!answer.ok) return answer;
  const result = resultIn(answer.value);
  if (!result.ok) return result;
  const session = sessionOf(answer.value.session, result.value["protocolVersion"]);
  if (session === null) return err({ kind: "malformed" });
  const initialized = JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" });
  const told = await post(ports, server, initialized, sessionHeaders(session));
  return told.ok ? ok({ ...session, result: result.value }) : told;
}

/** @returns false: the server lets no client end a session (405), or did not answer. */
export async function endSession(
  ports: ExchangePorts,
  server: McpServerAt,
  session: LegacySession,
): Promise<boolean> {
  if (session.id === null) return false;
  const closed = await closeSession(ports, server, sessionHeaders(session));
  return closed.ok && closed.value.status < 400;
}

/** What a server says of a message to which it answers nothing. */
export type Acknowledged = Pick<Answered, "status" | "headers">;

/** @param protocol headers that name the session. */
export async function closeSession(
  ports: ExchangePorts,
  server: McpServerAt,
  protocol: Headers,
): Promise<Result<Acknowledged, McpUpstreamFault>> {
  const headers = withCredential(protocol, server.credential);
  const closed = await ports.egress.open(
    { method: "DELETE", url: server.url, headers, body: null, signal: server.signal },
    LIMITS,
  );
  if (!closed.ok) return closed;
  await discard(closed.value);
  return ok({ status: closed.value.status, headers: closed.value.headers });
}

/**
 * Tells the server that nobody waits for an answer any more (2025-11-25, "Cancellation"). It would go on otherwise: that
 * a connection has ended says nothing in this era.
 * @param id of the request in this session.
 */
export async function cancelRequest(
  ports: ExchangePorts,
  server: McpServerAt,
  session: LegacySession,
  id: RequestId,
  reason: string,
): Promise<void> {
  const params = { requestId: id, reason };
  const text = JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params });
  await post(ports, server, text, sessionHeaders(session));
}

/**
 * Whether the server no longer knows the session. The revision has 404 for it; some servers answer 400, which a request
 * that Dome has checked gets for no other reason.
 */
export const isOver = ({ id }: LegacySession, status: number): boolean =>
  id !== null && (status === 404 || status === 400);

/** Answers a request of the server that reaches no client: nothing was declared that a server could ask for. */
export async function declineRequest(
  ports: ExchangePorts,
  server: McpServerAt,
  session: LegacySession,
  { id, method }: Pick<RpcRequest, "id" | "method">,
): Promise<void> {
  const error = { code: RPC_ERRORS.methodNotFound, message: "The client has not declared this capability." };
  const text = method === "ping" ? emptyResult(id) : errorMessage(id, error);
  await post(ports, server, text, sessionHeaders(session));
}
