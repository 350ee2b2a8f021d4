/**
 * A legacy client at an MCP door (2025-11-25, "Streamable HTTP"): it begins a session, and names it with every message.
 *
 * 404 means to it that its session is gone, so nothing else is answered with 404: a method that is not served is a
 * JSON-RPC error with 200, as servers of its era have it.
 */
import type { Decided } from "../../access/judge.ts";
import { hearAll } from "../../gateway/mcp/hear-all.ts";
import { listen } from "../../gateway/mcp/listen.ts";
import { beginClientSession } from "../../gateway/mcp/begin-session.ts";
import { beginSessionWithAll } from "../../gateway/mcp/begin-session-with-all.ts";
import { endSessionWithAll } from "../../gateway/mcp/end-session-with-all.ts";
import { ALL, doorOf, stands } from "../../gateway/mcp/serve-session.ts";
import {
  concernsServer,
  endServerSession,
  isAboutRequest,
  tellServer,
  type OneWayMessage,
} from "../../gateway/mcp/tell-server.ts";
import { NO_ANSWER } from "../../gateway/no-answer.ts";
import { unsealSession, type ServerSession } from "../../gateway/mcp/sessions/client-session.ts";
import { HeldSessions } from "../../gateway/mcp/sessions/held-sessions.ts";
import { toHex, utf8 } from "../../kernel/bytes.ts";
import { defined } from "../../kernel/defined.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import type { DecisionId } from "../../kernel/ids.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { RPC_ERRORS, type RpcError } from "../../mcp/errors.ts";
import { cancelledBy } from "../../mcp/cancelled.ts";
import { logLevelOf, type LogLevel } from "../../mcp/log-level.ts";
import type { RpcMessage, RpcRequest } from "../../mcp/message.ts";
import { isRemovedInModern, isServed, isSubscription } from "../../mcp/methods.ts";
import { initializeFault } from "../../mcp/initialize.ts";
import { emptyResult } from "../../mcp/tool-result.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import type { About } from "../dialects/dialect.ts";
import { jsonrpcDialect } from "../dialects/jsonrpc.ts";
import { withheldProblem } from "../door-refusals.ts";
import { EVENT_STREAM } from "../event-stream.ts";
import { requestOf, type DoorCall } from "./door-call.ts";
import { protocolError, responseOf, UNKNOWN_METHOD } from "./message.ts";

interface Session {
  /** With the server of the door; null: it is the door of all servers. */
  readonly server: ServerSession | null;
  /** At the door of all servers: those with its servers. Null: it is the door of one. */
  readonly held: HeldSessions | null;
  /** Of its id. */
  readonly digest: string;
}

export async function serveLegacyMessage(
  call: DoorCall,
  message: RpcMessage,
  text: string,
): Promise<Response> {
  if (message.kind === "request" && message.method === "initialize") return begin(call, message, text);
  if (message.kind === "notification" && !call.http.headers.has("mcp-session-id")) return taken();
  const session = await sessionOf(call);
  if (!session.ok) return session.error;
  return message.kind === "request"
    ? serve(call, session.value, message, text)
    : tell(call, session.value, message, text);
}

/** What reaches no server leaves no record: nobody has asked a client of a modern server, or of all, anything. */
async function tell(
  call: DoorCall,
  { server, digest }: Session,
  message: OneWayMessage,
  text: string,
): Promise<Response> {
  const { ports, caller, tool, about } = call;
  const cancelled = cancelledBy(message);
  // A server without sessions knows a request by its id alone, which another agent's may have too (P11).
  const isAmbiguous = isAboutRequest(message) && server?.era === "legacy" && server.id === null;
  if (tool === null || server?.era !== "legacy" || isAmbiguous || !concernsServer(message)) {
    const admitted = await stands(ports, caller, cancelled === null ? "new" : "open");
    if (!admitted.ok) return jsonrpcDialect.decline(withheldProblem(admitted.error), about);
    if (cancelled !== null) ports.flights.cancel(digest, cancelled);
    return taken();
  }
  const { http, request } = call;
  const saying = { tool, session: server, message, text, headers: http.headers, request };
  const told = await tellServer(ports, caller, saying);
  if (!told.ok) return jsonrpcDialect.decline(withheldProblem(told.error), about);
  if (told.value.kind === "denied") return declined(told.value.decision.value, about);
  const { decided, result } = told.value;
  if (result.value.kind === "none") return responseOf({ ...result.value, decision: decided.id }, about);
  // Some servers leave the stream of a cancelled request open.
  if (cancelled !== null) ports.flights.cancel(digest, cancelled);
  return taken(decided.id);
}

/** GET: the stream on which a legacy client hears its server. */
export async function listenLegacy(call: DoorCall): Promise<Response> {
  const { ports, caller, tool, http, about } = call;
  const session = await sessionOf(call);
  if (!session.ok) return session.error;
  const { server, held, digest } = session.value;
  if (held !== null) return listenToHeld(call, held, digest);
  if (tool === null || server?.era !== "legacy") return jsonrpcDialect.methodNotAllowed(ALLOW, about);
  const { headers, signal: gone } = http;
  const heard = await listen(ports, caller, { tool, session: server, headers, request: call.request, gone });
  if (!heard.ok) return jsonrpcDialect.decline(withheldProblem(heard.error), about);
  if (heard.value.kind === "denied") {
    const decision = heard.value.decision.value;
    // A client asks for the stream by itself, and takes 405 for "there is none" (2025-11-25, "Listening for Messages").
    if (NO_STREAM.has(decision.reason)) return jsonrpcDialect.methodNotAllowed(ALLOW, about);
    return declined(decision, about);
  }
  const { decided, result } = heard.value;
  const { value } = result;
  switch (value.kind) {
    case "events":
      return new Response(value.body, { headers: { ...EVENT_STREAM, "dome-decision-id": decided.id } });
    case "no_stream":
      return jsonrpcDialect.methodNotAllowed(ALLOW, about);
    case "none":
      return responseOf({ ...value, decision: decided.id }, about);
  }
}

/** What each server is asked has a decision of its own. */
async function listenToHeld(
  { ports, caller, http, request, about }: DoorCall,
  held: HeldSessions,
  digest: string,
): Promise<Response> {
  const { headers, signal: gone } = http;
  const level = (): LogLevel | null => ports.levels.get(digest) ?? null;
  const heard = await hearAll(ports, caller, { held, headers, request, level, gone });
  if (!heard.ok) return jsonrpcDialect.decline(withheldProblem(heard.error), about);
  const admitted = await stands(ports, caller);
  if (admitted.ok && heard.value !== null) return new Response(heard.value, { headers: EVENT_STREAM });
  await heard.value?.cancel();
  return admitted.ok
    ? jsonrpcDialect.methodNotAllowed(ALLOW, about)
    : jsonrpcDialect.decline(withheldProblem(admitted.error), about);
}

/** DELETE: the end of a session. */
export async function endLegacy(call: DoorCall): Promise<Response> {
  const { ports, caller, tool, http, request, about } = call;
  const session = await sessionOf(call);
  if (!session.ok) return session.error;
  const { server, held, digest } = session.value;
  if (held !== null) return endAll(call, held, digest);
  if (tool === null || server?.era !== "legacy" || server.id === null)
    return jsonrpcDialect.methodNotAllowed(ALLOW, about);
  const ending = { tool, session: server, headers: http.headers, request };
  const ended = await endServerSession(ports, caller, ending);
  if (!ended.ok) return jsonrpcDialect.decline(withheldProblem(ended.error), about);
  if (ended.value.kind === "denied") return declined(ended.value.decision.value, about);
  const { decided, result } = ended.value;
  const { value } = result;
  if (value.kind === "kept") return jsonrpcDialect.methodNotAllowed(ALLOW, about);
  if (value.kind === "none") return responseOf({ ...value, decision: decided.id }, about);
  ports.ended.set(digest, true);
  return new Response(null, { status: 204, headers: { "dome-decision-id": decided.id } });
}

/** From now on no call goes on in it, also while its servers are told. */
async function endAll(
  { ports, caller, http, request, about }: DoorCall,
  held: HeldSessions,
  digest: string,
): Promise<Response> {
  ports.ended.set(digest, true);
  const { headers, signal: gone } = http;
  const ended = await endSessionWithAll(ports, caller, { held, headers, request, gone });
  if (!ended.ok) return jsonrpcDialect.decline(withheldProblem(ended.error), about);
  const admitted = await stands(ports, caller);
  if (!admitted.ok) return jsonrpcDialect.decline(withheldProblem(admitted.error), about);
  return new Response(null, { status: 204 });
}

/** A denial where no response with an id can be given. */
const declined = ({ id, detail, reason }: Decided, about: About): Response =>
  jsonrpcDialect.decline({ code: "denied", detail, call: { who: "policy", reason, decision_id: id } }, about);

/** Why a stream is not the caller's, whatever it sends with the request. */
const NO_STREAM: ReadonlySet<string> = new Set([
  "scope_insufficient",
  "surface_undeclared",
  "catalog_operation_missing",
]);

const ALLOW = "POST";
/** @param decision null: no server hears of it. */
const taken = (decision: DecisionId | null = null): Response =>
  new Response(null, {
    status: 202,
    headers: defined({ "dome-decision-id": decision ?? undefined }),
  });

async function begin(call: DoorCall, message: RpcRequest, text: string): Promise<Response> {
  const fault = initializeFault(message);
  if (fault !== null) return protocolError(fault, call.about, 200);
  const begun =
    call.tool === null
      ? await beginSessionWithAll(call.ports, call.caller, requestOf(call, "legacy", message, text))
      : await beginClientSession(call.ports, call.caller, {
          ...requestOf(call, "legacy", message, text),
          tool: call.tool,
        });
  if (!begun.ok) return jsonrpcDialect.decline(withheldProblem(begun.error), call.about);
  switch (begun.value.kind) {
    case "begun":
      return new Response(begun.value.text, {
        headers: {
          "content-type": "application/json",
          "cache-control": "no-store",
          "mcp-session-id": begun.value.session,
          ...defined({ "dome-decision-id": begun.value.decision ?? undefined }),
        },
      });
    case "answer":
      return responseOf(begun.value.answer, call.about);
  }
}

/** @returns the response, when there is no session for this caller at this door. */
async function sessionOf({ ports, caller, tool, http, about }: DoorCall): Promise<Result<Session, Response>> {
  const id = http.headers.get("mcp-session-id");
  if (id === null) return err(protocolError(NO_SESSION, about, 400));
  const digest = toHex(sha256Sync(utf8(id)));
  const door = tool === null ? ALL : doorOf(tool);
  const session = await unsealSession(ports, { door, caller }, id, ports.clock.now());
  const server = tool === null ? null : session?.servers[tool];
  if (session === null || server === undefined || ports.ended.get(digest) === true)
    return err(jsonrpcDialect.decline(SESSION_OVER, about));
  const held = tool === null ? new HeldSessions(digest, session.servers, ports.lost) : null;
  const version = http.headers.get("mcp-protocol-version");
  if (version !== null && version !== session.version) return err(protocolError(OTHER_VERSION, about, 400));
  return ok({ server, held, digest });
}

async function serve(
  call: DoorCall,
  { server, held, digest }: Session,
  message: RpcRequest,
  text: string,
): Promise<Response> {
  const { ports, about, tool } = call;
  const { method, params } = message;
  if (!isServed(method, "legacy")) return protocolError(UNKNOWN_METHOD, about, 200);
  if (method === "tools/call" && "task" in params) return protocolError(NO_TASKS, about, 200);
  // At the door of all, the server is the one that the URI names.
  const isForServer = server?.era === "legacy" || (tool === null && isSubscription(method));
  if (method === "ping" || (!isForServer && isRemovedInModern(method))) {
    const unheard = unheardSubscription(message);
    if (unheard !== null) return protocolError(unheard, about, 200);
    if (method === "logging/setLevel") {
      const level = logLevelOf(params["level"]);
      if (level === null) return protocolError(NO_LEVEL, about, 200);
      ports.levels.set(digest, level);
    }
    return responseOf({ kind: "message", status: 200, text: emptyResult(message.id), decision: null }, about);
  }
  const level = ports.levels.get(digest) ?? null;
  const cancellable = ports.flights.begin(digest, message.id);
  let goesOn = false;
  try {
    const answered = await call.serve({
      ...requestOf(call, "legacy", message, text),
      session: server,
      held,
      logLevel: level,
      cancellable,
    });
    if (!answered.ok) return jsonrpcDialect.decline(withheldProblem(answered.error), about);
    goesOn = answered.value.kind === "events";
    return responseOf(answered.value, about);
  } finally {
    if (!goesOn) cancellable.over();
  }
}

/** A subscription that no server would hear of is none: its client would wait for news that never come. */
const unheardSubscription = ({ method }: RpcRequest): RpcError | null =>
  isSubscription(method) ? NO_SUBSCRIPTIONS : null;

const NO_SUBSCRIPTIONS: RpcError = {
  code: RPC_ERRORS.methodNotFound,
  message: "Changes of resources are not told here: the door announces no subscriptions.",
};
const SESSION_OVER: Refusal = NO_ANSWER.session_over;
const NO_SESSION: RpcError = {
  code: RPC_ERRORS.invalidRequest,
  message: "The request names no session. Send initialize first, and its Mcp-Session-Id with each message.",
};
const OTHER_VERSION: RpcError = {
  code: RPC_ERRORS.invalidRequest,
  message: "The header MCP-Protocol-Version is not the version of the session.",
};
const NO_TASKS: RpcError = {
  code: RPC_ERRORS.invalidParams,
  message: "Tasks are not served here; call without task.",
};
const NO_LEVEL: RpcError = {
  code: RPC_ERRORS.invalidParams,
  message: "params.level is not a level of messages.",
};
