/**
 * Dome as a client of an MCP server: which era it speaks, and all that it lists. Nothing of a caller is in these calls:
 * the headers are the tool's own, and no capability is declared, so a server asks nothing back.
 */
import { eachChunk } from "../egress/chunks.ts";
import type { Egress } from "../egress/egress.ts";
import type { UpstreamEnd, UpstreamLimits, UpstreamResponse } from "../egress/open.ts";
import type { BoundedMap } from "../kernel/bounded-map.ts";
import { concatAll, utf8 } from "../kernel/bytes.ts";
import type { Clock } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { EventReader } from "../mcp/event-reader.ts";
import type { Members } from "../mcp/json-members.ts";
import { parseMessage, type RpcResponse } from "../mcp/message.ts";
import { standardHeaders } from "../mcp/modern-request.ts";
import { LEGACY, type Era } from "../mcp/revision.ts";
import { allTools, type ToolListing } from "../mcp/tool-pages.ts";
import { DISCOVER, eraVerdict } from "../mcp/upstream-era.ts";

export interface McpUpstreamPorts {
  readonly egress: Pick<Egress, "open">;
  readonly clock: Clock;
  /** What is known of servers, by `McpServerAt.key`. An era that is not certain is never in it. */
  readonly eras: BoundedMap<string, KnownEra>;
}

export interface KnownEra {
  readonly era: Era;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

interface McpServerAt {
  /** The tool, its address and the version of its credential: another of any of them may speak another era. */
  readonly key: string;
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
  | { readonly kind: "redirected" }
  /** 401 or 403: said of Dome's credential, and never passed on as the caller's. */
  | { readonly kind: "credential_refused"; readonly status: number }
  | { readonly kind: "status"; readonly status: number }
  /** No JSON-RPC answer where one must be, or an answer in an encoding that Dome did not ask for. */
  | { readonly kind: "malformed" }
  | { readonly kind: "refused"; readonly code: number; readonly message: string }
  /** Its list of tools has no end, or more entries than are pinned. */
  | { readonly kind: "endless" };

/** How long an era is believed, in milliseconds. */
const ERA_HOLDS_MS = 3_600_000;

const LIMITS: UpstreamLimits = { headersMs: 15_000, silenceMs: 15_000, bytes: 8_388_608 };
/** The largest message of an answer, in bytes. */
const MOST_MESSAGE = 4_194_304;

/** The era of a server, as known, or by its answer to a probe. */
export async function eraOfServer(
  ports: McpUpstreamPorts,
  server: McpServerAt,
): Promise<Result<Era, McpUpstreamFault>> {
  const now = ports.clock.now();
  const known = ports.eras.get(server.key);
  if (known !== undefined && now - known.since < ERA_HOLDS_MS && now >= known.since) return ok(known.era);
  const headers = standardHeaders({ method: DISCOVER.method, params: DISCOVER.params });
  const answer = await post(ports, server, JSON.stringify(DISCOVER), headers);
  if (!answer.ok) return answer;
  const { status, message } = answer.value;
  const verdict = eraVerdict({ status, message });
  if (verdict === "silent") return err(faultOf(status));
  if (verdict === "try_initialize") {
    const session = await openSession(ports, server);
    if (!session.ok) return session;
    await closeSession(ports, server, session.value);
  }
  const era = verdict === "modern" ? "modern" : "legacy";
  ports.eras.set(server.key, { era, since: now });
  return ok(era);
}

/** Every tool that the server lists, over all pages. */
export async function listTools(
  ports: McpUpstreamPorts,
  server: McpServerAt,
): Promise<Result<ToolListing & { readonly era: Era }, McpUpstreamFault>> {
  const era = await eraOfServer(ports, server);
  if (!era.ok) return era;
  const listed = era.value === "modern" ? await listModern(ports, server) : await listLegacy(ports, server);
  return listed.ok ? ok({ ...listed.value, era: era.value }) : listed;
}

const cursorOf = (cursor: string | null): Members => (cursor === null ? {} : { cursor });

function listModern(ports: McpUpstreamPorts, server: McpServerAt) {
  return allTools((cursor) => {
    const params = { ...DISCOVER.params, ...cursorOf(cursor) };
    return resultOf(ports, server, "tools/list", params, standardHeaders({ method: "tools/list", params }));
  });
}

async function listLegacy(ports: McpUpstreamPorts, server: McpServerAt) {
  const session = await openSession(ports, server);
  if (!session.ok) return session;
  const listed = await allTools((cursor) =>
    resultOf(ports, server, "tools/list", cursorOf(cursor), sessionHeaders(session.value)),
  );
  await closeSession(ports, server, session.value);
  return listed;
}

interface LegacySession {
  /** Null: the server keeps none. */
  readonly id: string | null;
  /** The version that the server chose. */
  readonly version: string;
}

function sessionHeaders({ id, version }: LegacySession): Headers {
  const headers = new Headers({ "mcp-protocol-version": version });
  if (id !== null) headers.set("mcp-session-id", id);
  return headers;
}

/** A version that a header can hold: the server's own text stands in one from then on. */
const VERSION = /^[\w.-]{1,64}$/;

/** `initialize` has neither version nor session in its headers (2025-11-25, "Lifecycle"). */
async function openSession(
  ports: McpUpstreamPorts,
  server: McpServerAt,
): Promise<Result<LegacySession, McpUpstreamFault>> {
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: "dome", version: "1" } };
  const request = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params });
  const answer = await post(ports, server, request, new Headers());
  if (!answer.ok) return answer;
  const result = resultIn(answer.value);
  if (!result.ok) return result;
  const { protocolVersion } = result.value;
  if (typeof protocolVersion !== "string" || !VERSION.test(protocolVersion))
    return err({ kind: "malformed" });
  const session = { id: answer.value.session, version: protocolVersion };
  const initialized = JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" });
  const told = await post(ports, server, initialized, sessionHeaders(session));
  return told.ok ? ok(session) : told;
}

/** A server that does not let a session be ended answers 405, which is as good. */
async function closeSession(
  ports: McpUpstreamPorts,
  server: McpServerAt,
  session: LegacySession,
): Promise<void> {
  if (session.id === null) return;
  const headers = joined(server.credential, sessionHeaders(session));
  const closed = await ports.egress.open(
    { method: "DELETE", url: server.url, headers, body: null, signal: server.signal },
    LIMITS,
  );
  if (closed.ok) await discard(closed.value);
}

async function resultOf(
  ports: McpUpstreamPorts,
  server: McpServerAt,
  method: string,
  params: Members,
  headers: Headers,
): Promise<Result<Members, McpUpstreamFault>> {
  const request = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await post(ports, server, request, headers);
  return answer.ok ? resultIn(answer.value) : answer;
}

function resultIn({ status, message }: Answered): Result<Members, McpUpstreamFault> {
  if (message === null) return err(faultOf(status));
  const { outcome } = message;
  if ("result" in outcome) return ok(outcome.result);
  if (status === 401 || status === 403) return err(faultOf(status));
  return err({ kind: "refused", code: outcome.error.code, message: outcome.error.message });
}

function faultOf(status: number): McpUpstreamFault {
  if (status === 401 || status === 403) return { kind: "credential_refused", status };
  if (status >= 300 && status < 400) return { kind: "redirected" };
  return status >= 400 ? { kind: "status", status } : { kind: "malformed" };
}

interface Answered {
  readonly status: number;
  /** The answer to the one request of this exchange, whatever id an error has; null when there is none. */
  readonly message: RpcResponse | null;
  readonly session: string | null;
}

/** One POST, and the response in its answer. Notifications on the way are of no use here and dropped. */
async function post(
  ports: McpUpstreamPorts,
  server: McpServerAt,
  text: string,
  protocol: Headers,
): Promise<Result<Answered, McpUpstreamFault>> {
  const headers = joined(server.credential, protocol);
  headers.set("content-type", "application/json");
  headers.set("accept", "application/json, text/event-stream");
  const request = { method: "POST", url: server.url, headers, body: utf8(text), signal: server.signal };
  const opened = await ports.egress.open(request, LIMITS);
  if (!opened.ok) return err({ kind: opened.error.kind });
  const { status, headers: answered } = opened.value;
  const session = answered.get("mcp-session-id");
  // The body of a refused credential may be a page of a login; nothing in it is of use.
  if (status === 401 || status === 403) {
    await discard(opened.value);
    return ok({ status, message: null, session });
  }
  if (answered.has("content-encoding") && answered.get("content-encoding") !== "identity") {
    await discard(opened.value);
    return err({ kind: "malformed" });
  }
  const type = answered.get("content-type") ?? "";
  const read = /^text\/event-stream\s*(?:;|$)/i.test(type) ? readEvents : readWhole;
  const message = await read(opened.value);
  return message.ok ? ok({ status, message: message.value, session }) : message;
}

/** The credential last: no header of the protocol stands in its place. */
function joined(credential: Headers, protocol: Headers): Headers {
  const headers = new Headers(protocol);
  for (const [name, value] of credential) headers.set(name, value);
  return headers;
}

const discard = async ({ body }: UpstreamResponse): Promise<void> => body?.cancel().catch(() => undefined);

type Read = Result<RpcResponse | null, McpUpstreamFault>;

async function readWhole({ body }: UpstreamResponse): Promise<Read> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const read = await eachChunk(body, (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    return size <= MOST_MESSAGE;
  });
  if (!read.ok) return err({ kind: read.error });
  if (size > MOST_MESSAGE) return err({ kind: "too_large" });
  const message = parseMessage(concatAll(chunks), "upstream");
  return ok(message.ok && message.value.kind === "response" ? message.value : null);
}

async function readEvents({ body }: UpstreamResponse): Promise<Read> {
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
      const message = data === null ? null : parseMessage(utf8(data), "upstream");
      if (message?.ok === true && message.value.kind === "response") found ??= message.value;
    }
    return found === null;
  });
  if (!read.ok) return err({ kind: read.error });
  return fault === null ? ok(found) : err(fault);
}
