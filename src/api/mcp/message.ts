/** The steps that every MCP door takes with a request before it asks what it is about, and with its answer. */
import { z } from "zod";
import type { Caller } from "../../access/caller.ts";
import type { ProblemCode } from "../../contract/problem-codes.ts";
import { isName } from "../../contract/words.ts";
import type { ClientAnswer } from "../../gateway/mcp/client-request.ts";
import { defined } from "../../kernel/defined.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { eraOf } from "../../mcp/era.ts";
import { RPC_ERRORS, statusOf, type RpcError } from "../../mcp/errors.ts";
import type { RpcMessage, RpcRequest } from "../../mcp/message.ts";
import { isServed } from "../../mcp/methods.ts";
import { checkModernRequest } from "../../mcp/modern-request.ts";
import type { Era } from "../../mcp/revision.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { limitsOf } from "../../tiers/limits.ts";
import { admit, challengeOf } from "../admission.ts";
import type { About } from "../dialects/dialect.ts";
import { jsonrpcDialect } from "../dialects/jsonrpc.ts";
import { EVENT_STREAM } from "../event-stream.ts";
import { unansweredProblem } from "../no-answer.ts";
import { misplacedIn, refusedWay, type Place } from "../forwarded.ts";
import { noteUnjudged } from "../refused.ts";
import { acceptedBy, checkOrigin, frame } from "./framing.ts";
import { refusedId } from "./refused-id.ts";
import type { Arrival, RouteShape } from "../route.ts";

/** How the documents describe a message. */
export const RPC_MESSAGE = z.looseObject({
  jsonrpc: z.literal("2.0"),
  id: z.unknown().optional().meta({ description: "a string or an integer" }),
  method: z.string().optional(),
});

/** What the documents say of the answers to a message. */
export const RPC_ANSWERS = [
  { status: 200, description: "The response, or a stream of events that ends with it", schema: RPC_MESSAGE },
  { status: 202, description: "A notification was taken" },
] as const;

/**
 * Where it comes from, and from whom.
 * @param scope that the door needs, for its challenge.
 * @returns the refusal as a response.
 */
export async function admitted(
  shape: RouteShape,
  arrival: Arrival,
  scope: string | null,
): Promise<Result<{ readonly caller: Caller; readonly about: About }, Response>> {
  const { services, http, requestId } = arrival;
  const challenge = challengeOf(shape.door, arrival);
  const about: About = { requestId, challenge };
  const origin = checkOrigin(http, services.issuer, services.corsOrigins);
  if (!origin.ok) return err(jsonrpcDialect.decline(origin.error, about));
  const sender = await admit(shape, arrival);
  if (sender.ok) {
    const { caller } = sender.value;
    if (caller === null) throw new Error("an agent was admitted without being one");
    return ok({ caller, about });
  }
  const rpcId = await refusedId(services.access, http);
  const scoped = scope === null ? challenge : `${challenge}, scope="${scope}"`;
  return err(jsonrpcDialect.decline(sender.error, { ...about, challenge: scoped, rpcId }));
}

export interface ReadMessage {
  readonly message: RpcMessage;
  /** As it came. */
  readonly text: string;
  readonly era: Era;
  /** With the id of the request. */
  readonly about: About;
  /** False: the client takes JSON alone. */
  readonly takesEvents: boolean;
}

/** Its one message, in its era. @returns the refusal as a response. */
export async function readMessage(
  arrival: Arrival,
  caller: Caller,
  about: About,
): Promise<Result<ReadMessage, Response>> {
  const { services, http } = arrival;
  const limits = limitsOf(services.access.tiers, caller.agents);
  const framed = await frame(http, limits.ok ? limits.value.maxActBodyBytes : 0);
  if (!framed.ok) {
    const { id, ...fault } = framed.error;
    const known = { ...about, rpcId: id };
    if (fault.kind === "door") return unread(arrival, caller, fault.refusal, known);
    noteUnread(arrival, caller, fault.error.code === RPC_ERRORS.parse ? "malformed_json" : "invalid_request");
    return err(protocolError(fault.error, known));
  }
  const { message, text } = framed.value;
  const known: About = { ...about, rpcId: message.kind === "request" ? message.id : null };
  const passes = refusedPassage(arrival, caller, message);
  if (passes !== undefined) return err(jsonrpcDialect.decline(passes, known));
  const accepted = acceptedBy(http.headers.get("accept"));
  if (!accepted.json) return unread(arrival, caller, NOT_ACCEPTABLE, known);
  const era = eraOf(message, {
    version: http.headers.get("mcp-protocol-version"),
    session: http.headers.get("mcp-session-id"),
  });
  return era.ok
    ? ok({ message, text, era: era.value, about: known, takesEvents: accepted.events })
    : err(protocolError(era.error, known));
}

/**
 * What no door forwards, whoever asks. It is recorded.
 * @param message null: there is none.
 */
export function refusedPassage(
  arrival: Arrival,
  caller: Caller,
  message: RpcMessage | null,
): Refusal | undefined {
  const { services, http } = arrival;
  const way = refusedWay(http.headers);
  if (way !== undefined) {
    noteUnread(arrival, caller, way.code);
    return way;
  }
  // Escapes may stand in the text; the parsed message has none.
  const body = message === null ? "" : JSON.stringify(message);
  const misplaced = misplacedIn(http, { body }, services.issuer);
  if (misplaced === undefined) return undefined;
  noteUnread(arrival, caller, OUT_OF_PLACE.code, misplaced);
  return OUT_OF_PLACE;
}

/** A GET or a DELETE. Without a session a client of the modern era asks, which has neither (2026-07-28, "Streamable HTTP"). */
export async function inSession(
  arrival: Arrival,
  caller: Caller,
  about: About,
  serveIt: () => Promise<Response>,
): Promise<Response> {
  if (!arrival.http.headers.has("mcp-session-id")) return jsonrpcDialect.methodNotAllowed("POST", about);
  const passes = refusedPassage(arrival, caller, null);
  return passes === undefined ? serveIt() : jsonrpcDialect.decline(passes, about);
}

function unread(arrival: Arrival, caller: Caller, refusal: Refusal, about: About): Result<never, Response> {
  noteUnread(arrival, caller, refusal.code);
  return err(jsonrpcDialect.decline(refusal, about));
}

function noteUnread(
  { services, requestId, pathParams }: Arrival,
  caller: Caller,
  reason: ProblemCode,
  misplaced?: Place,
): void {
  const { tool = "" } = pathParams;
  const door = isName(tool) ? { tool, path: "/mcp/{tool}" } : { tool: null, path: "/mcp" };
  noteUnjudged(services, caller, { ...door, requestId, reason, misplaced });
}

/** What the modern revision asks of a request. @returns the refusal as a response. */
export function checkModern(message: RpcRequest, headers: Headers, about: About): Result<void, Response> {
  const checked = checkModernRequest(message, headers);
  if (!checked.ok) return err(protocolError(checked.error, about));
  return isServed(message.method, "modern") ? ok(undefined) : err(protocolError(UNKNOWN_METHOD, about));
}

export function responseOf(answered: ClientAnswer, about: About): Response {
  if (answered.kind === "scope") return jsonrpcDialect.refuse(answered, about);
  const { decision } = answered;
  const decided = defined({ "dome-decision-id": decision ?? undefined });
  switch (answered.kind) {
    case "message":
      return new Response(answered.text, {
        status: answered.status,
        headers: {
          "content-type": "application/json",
          "cache-control": "no-store",
          ...defined({ "retry-after": answered.retryAfterSeconds?.toString() }),
          ...decided,
        },
      });
    case "events":
      return new Response(answered.body, { headers: { ...EVENT_STREAM, ...decided } });
    case "none":
      return jsonrpcDialect.decline(unansweredProblem(answered, decision), about);
  }
}

/** @param status by default that of the modern revision for an error that a door finds. */
export const protocolError = (
  error: RpcError,
  about: About,
  status = statusOf(error.code, "at_the_door"),
): Response => jsonrpcDialect.refuse({ kind: "protocol", error, status }, about);

const NOT_ACCEPTABLE: Refusal = {
  code: "not_acceptable",
  detail: "Accept application/json and text/event-stream: an answer may be either.",
};
const OUT_OF_PLACE: Refusal = {
  code: "invalid_request",
  detail:
    "The message, or a header, holds a credential. Dome sends the server's own credential: leave yours in Authorization alone.",
};
export const UNKNOWN_METHOD: RpcError = {
  code: RPC_ERRORS.methodNotFound,
  message: "The method is not served here in this revision.",
};
