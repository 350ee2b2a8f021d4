/** The MCP door of all servers that an agent declares: `/mcp`. Names have the tool's name in front. */
import { z } from "zod";
import { serveAll } from "../../gateway/mcp/aggregate.ts";
import { ok } from "../../kernel/result.ts";
import type { Separator } from "../../mcp/prefixed-name.ts";
import { protectedResourceMetadata, RESOURCE_METADATA_PATH } from "../../tokens/metadata.ts";
import { jsonrpcDialect } from "../dialects/jsonrpc.ts";
import { withheldProblem } from "../door-refusals.ts";
import { serveLegacyMessage, type LegacyCall } from "../mcp-legacy.ts";
import { admitted, checkModern, readMessage, responseOf, RPC_MESSAGE } from "../mcp-message.ts";
import { parametersOf } from "../parameters.ts";
import { problemRoute } from "../problem-route.ts";
import { requestFacts } from "../request-facts.ts";
import type { Arrival, Route, RouteShape } from "../route.ts";

const DOOR = {
  method: "post",
  path: "/mcp",
  operationId: "mcpAllTools",
  summary: "One JSON-RPC message of the Model Context Protocol to all servers that the agent declares",
  tag: "tools",
  door: { by: "agent", resource: () => "/mcp" },
  query: z.strictObject({
    separator: z
      .enum([".", "__"])
      .optional()
      .meta({ description: "between the name of a tool and that of an operation, in lists; default `.`" }),
  }),
  body: RPC_MESSAGE,
  answers: [
    {
      status: 200,
      description: "The response, or a stream of events that ends with it",
      schema: RPC_MESSAGE,
    },
    { status: 202, description: "A notification was taken" },
  ],
} as const satisfies RouteShape;

export const mcpAllDoorRoutes: readonly Route[] = [
  { ...DOOR, dialect: jsonrpcDialect, answer },
  problemRoute(
    {
      method: "get",
      path: `${RESOURCE_METADATA_PATH}/mcp`,
      operationId: "mcpAllResourceMetadata",
      summary: "Protected resource metadata of the MCP door of all servers (RFC 9728)",
      tag: "discovery",
      door: { by: "anyone" },
      readers: "everyone",
      answers: [{ status: 200, description: "The document", schema: z.looseObject({}) }],
    },
    async ({ services: { issuer } }) => ok({ body: protectedResourceMetadata(issuer, ["surface"], "/mcp") }),
  ),
];

async function answer(arrival: Arrival): Promise<Response> {
  const { services, http, requestId } = arrival;
  const sender = await admitted(DOOR, arrival, "surface");
  if (!sender.ok) return sender.error;
  const { caller } = sender.value;
  const read = await readMessage(arrival, caller, sender.value.about);
  if (!read.ok) return read.error;
  const { message, text, era, about, takesEvents } = read.value;
  const separator = separatorOf(http);
  if (separator === null) return jsonrpcDialect.decline(BAD_QUERY, about);
  const request = { requestId, request: requestFacts(http, services.clientIpHeader), headers: http.headers };
  if (era === "legacy") {
    const call: LegacyCall = {
      ports: services.mcp,
      caller,
      tool: null,
      http,
      about,
      takesEvents,
      request,
      serve: (asked) => serveAll(services.mcp, caller, { ...asked, separator }),
      respond: responseOf,
    };
    return serveLegacyMessage(call, message, text);
  }
  if (message.kind !== "request") return new Response(null, { status: 202 });
  const checked = checkModern(message, http.headers, about);
  if (!checked.ok) return checked.error;
  const answered = await serveAll(services.mcp, caller, {
    era,
    message,
    text,
    separator,
    headers: http.headers,
    takesEvents,
    session: null,
    logLevel: null,
    request,
    gone: http.signal,
  });
  return answered.ok
    ? responseOf(answered.value, about)
    : jsonrpcDialect.decline(withheldProblem(answered.error), about);
}

/** @returns null for a query that is none of this door. */
function separatorOf(http: Request): Separator | null {
  const parameters = parametersOf(new URL(http.url).search.slice(1));
  if (parameters === undefined || parameters.length > 1) return null;
  const [name, value] = parameters[0] ?? ["separator", "."];
  return name === "separator" && (value === "." || value === "__") ? value : null;
}

const BAD_QUERY = {
  code: "invalid_request",
  detail: "The only parameter of this door is separator, which is . or __ (in a URL: ?separator=__).",
} as const;
