/**
 * One exchange of Dome itself with an MCP server: a POST, and the one response in its answer. Nothing of a caller is in
 * it: the headers are the tool's own.
 */
import { eachChunk, readAll } from "../../egress/chunks.ts";
import { isPlain } from "../../egress/headers.ts";
import {
  redirects,
  type UpstreamEnd,
  type UpstreamLimits,
  type UpstreamResponse,
} from "../../egress/open.ts";
import { utf8 } from "../../kernel/bytes.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { masked } from "../credential/masked-answer.ts";
import { EventReader, isEventStream } from "../../mcp/event-reader.ts";
import type { Members, RequestId } from "../../mcp/json-members.ts";
import { memberText } from "../../mcp/json-text.ts";
import { isAnswerTo, parseMessage, type RpcResponse } from "../../mcp/message.ts";
import type { CircuitOpen, ServerEgress } from "../upstream/guarded-egress.ts";
import { refusesCredential } from "../upstream/status.ts";

export interface ExchangePorts {
  readonly egress: ServerEgress;
}

export interface McpServerAt {
  /** The tool, its address and the version of its credential: another of any of them may speak another era. */
  readonly key: string;
  /** The tool and its address alone: where a session is. */
  readonly address: string;
  readonly url: string;
  /** The credential of the tool, in its header; empty when it has none. */
  readonly credential: Headers;
  /** Ends whatever is asked of the server. */
  readonly signal: AbortSignal;
}

/** Who failed is the server in every case; Dome's own refusal of an address is one of its entry. */
export type McpUpstreamFault =
  | { readonly kind: "address_refused" }
  | { readonly kind: UpstreamEnd }
  | CircuitOpen
  | { readonly kind: "redirected" }
  /** Said of Dome's credential, and never passed on as the caller's. */
  | { readonly kind: "credential_refused"; readonly status: number }
  /** With the time after which the server wants to be asked again, where it has named one. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfterMs?: number }
  /** No JSON-RPC answer where one must be, or an answer in an encoding that Dome did not ask for. */
  | { readonly kind: "malformed" }
  | { readonly kind: "refused"; readonly code: number; readonly message: string }
  /** A legacy server no longer knows the session. */
  | { readonly kind: "session_over" }
  /** Its list of tools has no end, or more entries than are pinned. */
  | { readonly kind: "endless" };

export const LIMITS: UpstreamLimits = { headersMs: 15_000, silenceMs: 15_000, bytes: 8_388_608 };
/** The largest message of an answer, in bytes. */
const MOST_MESSAGE = 4_194_304;

export async function resultOf(
  ports: ExchangePorts,
  server: McpServerAt,
  method: string,
  params: Members,
  headers: Headers,
): Promise<Result<Members, McpUpstreamFault>> {
  const request = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await post(ports, server, request, headers);
  return answer.ok ? resultIn(answer.value) : answer;
}

export function resultIn({
  status,
  message,
}: Pick<Answered, "status" | "message">): Result<Members, McpUpstreamFault> {
  if (message === null) return err(faultOf(status));
  const { outcome } = message;
  if ("result" in outcome) return ok(outcome.result);
  if (refusesCredential(status)) return err(faultOf(status));
  return err({ kind: "refused", code: outcome.error.code, message: outcome.error.message });
}

export function faultOf(status: number): McpUpstreamFault {
  if (refusesCredential(status)) return { kind: "credential_refused", status };
  if (redirects(status)) return { kind: "redirected" };
  return status >= 400 ? { kind: "status", status } : { kind: "malformed" };
}

export interface Answered {
  readonly status: number;
  /** The answer to the one request of this exchange, whatever id an error has; null when there is none. */
  readonly message: RpcResponse | null;
  readonly session: string | null;
  readonly headers: Headers;
}

/**
 * One POST, and the response in its answer. Notifications on the way are of no use here and dropped.
 * @param text a message of Dome, or one that was parsed: its id is one.
 */
export async function post(
  ports: ExchangePorts,
  server: McpServerAt,
  text: string,
  protocol: Headers,
): Promise<Result<Answered, McpUpstreamFault>> {
  const headers = withCredential(protocol, server.credential);
  headers.set("content-type", "application/json");
  headers.set("accept", "application/json, text/event-stream");
  const request = { method: "POST", url: server.url, headers, body: utf8(text), signal: server.signal };
  const opened = await masked(await ports.egress.open(request, LIMITS), server.credential);
  if (!opened.ok) return opened;
  const { status, headers: answered } = opened.value;
  const session = answered.get("mcp-session-id");
  // The body of a refused credential may be a page of a login; nothing in it is of use.
  if (refusesCredential(status)) {
    await discard(opened.value);
    return ok({ status, message: null, session, headers: answered });
  }
  if (!isPlain(answered)) {
    await discard(opened.value);
    return err({ kind: "malformed" });
  }
  const read = isEventStream(answered.get("content-type")) ? readEvents : readWhole;
  const id = memberText(text, "id");
  const message = await read(opened.value, id === undefined ? null : (JSON.parse(id) as RequestId));
  return message.ok ? ok({ status, message: message.value, session, headers: answered }) : message;
}

/** The credential last: no header of the protocol stands in its place. */
export function withCredential(protocol: Headers, credential: Headers): Headers {
  const headers = new Headers(protocol);
  for (const [name, value] of credential) headers.set(name, value);
  return headers;
}

export const discard = async ({ body }: UpstreamResponse): Promise<void> =>
  body?.cancel().catch(() => undefined);

type Read = Result<RpcResponse | null, McpUpstreamFault>;

/** @param sent the id of the request; null: there was none, so nothing is its answer. */
const responseIn = (bytes: Uint8Array, sent: RequestId | null): RpcResponse | null => {
  const message = parseMessage(bytes, "upstream");
  if (!message.ok || message.value.kind !== "response" || sent === null) return null;
  return isAnswerTo(message.value, sent) ? message.value : null;
};

async function readWhole({ body }: UpstreamResponse, sent: RequestId | null): Promise<Read> {
  const read = await readAll(body, MOST_MESSAGE);
  if (!read.ok) return err({ kind: read.error });
  return ok(responseIn(read.value, sent));
}

async function readEvents({ body }: UpstreamResponse, sent: RequestId | null): Promise<Read> {
  const reader = new EventReader(MOST_MESSAGE);
  let found: RpcResponse | null = null;
  let fault: McpUpstreamFault | null = null;
  const read = await eachChunk(body, (chunk) => {
    const events = reader.read(chunk);
    if (!events.ok) {
      fault = { kind: events.error === "too_large" ? "too_large" : "malformed" };
      return false;
    }
    for (const { data } of events.value) {
      if (data !== null) found ??= responseIn(utf8(data), sent);
    }
    return found === null;
  });
  if (!read.ok) return err({ kind: read.error });
  return fault === null ? ok(found) : err(fault);
}
