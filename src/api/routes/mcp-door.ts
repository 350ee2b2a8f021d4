/** The MCP door of a tool: `/mcp/{tool}` is its server, as far as the agent may use it. */
import { z } from "zod";
import type { Caller } from "../../access/caller.ts";
import { isName, name } from "../../contract/words.ts";
import type { ClientAnswer } from "../../gateway/mcp/client-request.ts";
import { NO_ANSWER } from "../../gateway/no-answer.ts";
import { serveRequest } from "../../gateway/mcp/serve-request.ts";
import { WHO_FAILED } from "../../gateway/who-failed.ts";
import { defined } from "../../kernel/defined.ts";
import { ok } from "../../kernel/result.ts";
import { eraOf } from "../../mcp/era.ts";
import { RPC_ERRORS, statusOf, type RpcError } from "../../mcp/errors.ts";
import { isServed } from "../../mcp/methods.ts";
import { checkModernRequest } from "../../mcp/modern-request.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { limitsOf } from "../../tiers/limits.ts";
import { protectedResourceMetadata, RESOURCE_METADATA_PATH } from "../../tokens/metadata.ts";
import { admit, challengeOf } from "../admission.ts";
import type { About } from "../dialects/dialect.ts";
import { jsonrpcDialect } from "../dialects/jsonrpc.ts";
import { withheldProblem } from "../door-refusals.ts";
import { EVENT_STREAM } from "../event-stream.ts";
import { bearsOwn, refusedWay } from "../forwarded.ts";
import { acceptedBy, checkOrigin, frame } from "../mcp-framing.ts";
import { endLegacy, listenLegacy, serveLegacyMessage, type LegacyCall } from "../mcp-legacy.ts";
import { problemRoute } from "../problem-route.ts";
import { refusedId } from "../refused-id.ts";
import { requestFacts } from "../request-facts.ts";
import type { Arrival, Route, RouteShape } from "../route.ts";

const toolOfPath = (http: Request): string => /^\/mcp\/([^/]*)$/.exec(new URL(http.url).pathname)?.[1] ?? "";

/** A name that no tool can have is of no door of its own. */
const resourceOf = (http: Request): string => {
  const tool = toolOfPath(http);
  return isName(tool) ? `/mcp/${tool}` : "";
};

const rpcMessage = z.looseObject({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.string(), z.int()]).optional(),
  method: z.string().optional(),
});

const AT = {
  path: "/mcp/{tool}",
  tag: "tools",
  door: { by: "agent", resource: resourceOf },
  params: z.strictObject({ tool: z.string() }),
} as const;

const DOOR = {
  ...AT,
  method: "post",
  operationId: "mcpTool",
  summary: "One JSON-RPC message of the Model Context Protocol to the server behind a tool",
  body: rpcMessage,
  answers: [
    { status: 200, description: "The response, or a stream of events that ends with it", schema: rpcMessage },
    { status: 202, description: "A notification was taken" },
  ],
} as const satisfies RouteShape;

const LISTEN = {
  ...AT,
  method: "get",
  operationId: "mcpToolListen",
  summary: "The stream of a session, for a client of 2025-11-25; 405 where the server has none",
  answers: [{ status: 200, description: "Events, until either side ends them" }],
} as const satisfies RouteShape;

const END = {
  ...AT,
  method: "delete",
  operationId: "mcpToolEnd",
  summary: "Ends the session of a client of 2025-11-25; 405 where the server lets nobody end one",
  answers: [{ status: 204, description: "The session has ended" }],
} as const satisfies RouteShape;

export const mcpDoorRoutes: readonly Route[] = [
  { ...DOOR, dialect: jsonrpcDialect, answer: (arrival) => answer(DOOR, arrival, serve) },
  { ...LISTEN, dialect: jsonrpcDialect, answer: (arrival) => answer(LISTEN, arrival, listen) },
  { ...END, dialect: jsonrpcDialect, answer: (arrival) => answer(END, arrival, end) },
  problemRoute(
    {
      method: "get",
      path: `${RESOURCE_METADATA_PATH}/mcp/{tool}`,
      operationId: "mcpResourceMetadata",
      summary:
        "Protected resource metadata of a tool's MCP door (RFC 9728), whether or not there is such a tool",
      tag: "discovery",
      door: { by: "anyone" },
      readers: "everyone",
      params: z.strictObject({ tool: name }),
      answers: [{ status: 200, description: "The document", schema: z.looseObject({}) }],
    },
    async ({ services: { issuer }, params: { tool } }) =>
      ok({ body: protectedResourceMetadata(issuer, [`tool:${tool}`], `/mcp/${tool}`) }),
  ),
];

type Serve = (arrival: Arrival, caller: Caller, tool: string, about: About) => Promise<Response>;

async function answer(shape: RouteShape, arrival: Arrival, serveIt: Serve): Promise<Response> {
  const { services, http, requestId } = arrival;
  const tool = toolOfPath(http);
  const scope = isName(tool) ? `, scope="tool:${tool}"` : "";
  const metadata = challengeOf(DOOR.door, arrival);
  const about: About = { requestId, challenge: metadata };
  const origin = checkOrigin(http, services.issuer, services.corsOrigins);
  if (!origin.ok) return jsonrpcDialect.decline(origin.error, about);
  const admitted = await admit(shape, arrival);
  if (!admitted.ok) {
    const rpcId = await refusedId(services.access, http);
    return jsonrpcDialect.decline(admitted.error, { ...about, challenge: metadata + scope, rpcId });
  }
  const { caller } = admitted.value;
  if (caller === null) throw new Error("an agent was admitted without being one");
  if (!isName(tool)) return jsonrpcDialect.decline(NO_DOOR, about);
  return serveIt(arrival, caller, tool, about);
}

/** Without a session a client of the modern era asks, which has neither (2026-07-28, "Streamable HTTP"). */
const listen: Serve = (arrival, caller, tool, about) =>
  inSession(arrival, about, () => listenLegacy(legacyCall(arrival, caller, tool, about)));
const end: Serve = (arrival, caller, tool, about) =>
  inSession(arrival, about, () => endLegacy(legacyCall(arrival, caller, tool, about)));

async function inSession(
  { http }: Arrival,
  about: About,
  serveIt: () => Promise<Response>,
): Promise<Response> {
  if (!http.headers.has("mcp-session-id")) return jsonrpcDialect.methodNotAllowed("POST", about);
  const way = refusedWay(http.headers);
  if (way !== undefined) return jsonrpcDialect.decline(way, about);
  if (bearsOwn(http, "")) return jsonrpcDialect.decline(OUT_OF_PLACE, about);
  return serveIt();
}

const legacyCall = (
  { services, http, requestId }: Arrival,
  caller: Caller,
  tool: string,
  about: About,
  takesEvents = true,
): LegacyCall => ({
  ports: services.mcp,
  caller,
  tool,
  http,
  about,
  takesEvents,
  request: { requestId, request: requestFacts(http, services.clientIpHeader), headers: http.headers },
  respond: responseOf,
});

/** From here on the caller is known, and its request is read. */
async function serve(arrival: Arrival, caller: Caller, tool: string, about: About): Promise<Response> {
  const { services, http, requestId } = arrival;
  const limits = limitsOf(services.access.tiers, caller.agents);
  const framed = await frame(http, limits.ok ? limits.value.maxActBodyBytes : 0);
  if (!framed.ok) {
    const known = { ...about, rpcId: framed.error.id };
    return framed.error.kind === "door"
      ? jsonrpcDialect.decline(framed.error.refusal, known)
      : protocolError(framed.error.error, known);
  }
  const { message, text } = framed.value;
  const known: About = { ...about, rpcId: message.kind === "request" ? message.id : null };
  const way = refusedWay(http.headers);
  if (way !== undefined) return jsonrpcDialect.decline(way, known);
  const accepted = acceptedBy(http.headers.get("accept"));
  if (!accepted.json) return jsonrpcDialect.decline(NOT_ACCEPTABLE, known);
  // Escapes may stand in the text; the parsed message has none.
  if (bearsOwn(http, JSON.stringify(message))) return jsonrpcDialect.decline(OUT_OF_PLACE, known);
  const era = eraOf(message, {
    version: http.headers.get("mcp-protocol-version"),
    session: http.headers.get("mcp-session-id"),
  });
  if (!era.ok) return protocolError(era.error, known);
  if (era.value === "legacy") {
    return serveLegacyMessage(legacyCall(arrival, caller, tool, known, accepted.events), message, text);
  }
  if (message.kind !== "request") return new Response(null, { status: 202 });
  const checked = checkModernRequest(message, http.headers);
  if (!checked.ok) return protocolError(checked.error, known);
  if (!isServed(message.method, era.value)) return protocolError(UNKNOWN_METHOD, known);
  const answered = await serveRequest(services.mcp, caller, {
    tool,
    era: era.value,
    message,
    text,
    headers: http.headers,
    takesEvents: accepted.events,
    session: null,
    logLevel: null,
    request: { requestId, request: requestFacts(http, services.clientIpHeader), headers: http.headers },
    gone: http.signal,
  });
  if (!answered.ok) return jsonrpcDialect.decline(withheldProblem(answered.error), known);
  return responseOf(answered.value, known);
}

function responseOf(answered: ClientAnswer, about: About): Response {
  if (answered.kind === "scope") return jsonrpcDialect.refuse(answered, about);
  const { decision } = answered;
  const decided = defined({ "dome-decision-id": decision ?? undefined });
  switch (answered.kind) {
    case "message":
      return new Response(answered.text, {
        status: answered.status,
        headers: { "content-type": "application/json", "cache-control": "no-store", ...decided },
      });
    case "events":
      return new Response(answered.body, { headers: { ...EVENT_STREAM, ...decided } });
    case "none": {
      const { code, detail } = NO_ANSWER[answered.why];
      const call = { who: WHO_FAILED[answered.why], ...defined({ decision_id: decision ?? undefined }) };
      return jsonrpcDialect.decline({ code, detail, call }, about);
    }
  }
}

const protocolError = (error: RpcError, about: About): Response =>
  jsonrpcDialect.refuse({ kind: "protocol", error, status: statusOf(error.code, "at_the_door") }, about);

const NO_DOOR: Refusal = { code: "not_found", detail: "There is no door of this name." };
const NOT_ACCEPTABLE: Refusal = {
  code: "not_acceptable",
  detail: "Accept application/json and text/event-stream: an answer may be either.",
};
const OUT_OF_PLACE: Refusal = {
  code: "invalid_request",
  detail:
    "The message, or a header, holds a credential. Dome sends the server's own credential: leave yours in Authorization alone.",
};
const UNKNOWN_METHOD: RpcError = {
  code: RPC_ERRORS.methodNotFound,
  message: "The method is not served here in this revision.",
};
