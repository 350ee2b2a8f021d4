/** The MCP door of all servers that an agent declares: `/mcp`. Names have the tool's name in front. */
import { z } from "zod";
import type { Caller } from "../../access/caller.ts";
import { serveAll } from "../../gateway/mcp/aggregate.ts";
import type { Separator } from "../../mcp/prefixed-name.ts";
import { jsonrpcDialect } from "../dialects/jsonrpc.ts";
import { doorCall, type DoorCall, type McpDoor } from "../mcp/door-call.ts";
import { endLegacy, listenLegacy } from "../mcp/legacy.ts";
import { admitted, inSession, readMessage, RPC_ANSWERS, RPC_MESSAGE } from "../mcp/message.ts";
import { serveMessage } from "../mcp/serve.ts";
import { parametersOf } from "../parameters.ts";
import { metadataRoute } from "../resource-metadata.ts";
import type { Arrival, Route, RouteShape } from "../route.ts";

const AT = { path: "/mcp", tag: "tools", door: { by: "agent", resource: () => "/mcp" } } as const;

const DOOR = {
  ...AT,
  door: { ...AT.door, mayEnd: true },
  method: "post",
  operationId: "mcpAllTools",
  summary: "One JSON-RPC message of the Model Context Protocol to all servers that the agent declares",
  query: z.strictObject({
    separator: z
      .enum([".", "__"])
      .optional()
      .meta({ description: "between the name of a tool and that of an operation, in lists; default `.`" }),
  }),
  body: RPC_MESSAGE,
  answers: RPC_ANSWERS,
} as const satisfies RouteShape;

const LISTEN = {
  ...AT,
  method: "get",
  operationId: "mcpAllListen",
  summary:
    "The stream of a session with all servers, for a client of 2025-11-25; 405 where no server has one",
  answers: [{ status: 200, description: "Events, until either side ends them" }],
} as const satisfies RouteShape;

const END = {
  ...AT,
  method: "delete",
  operationId: "mcpAllEnd",
  summary: "Ends the session of a client of 2025-11-25, with all servers that it is with",
  answers: [{ status: 204, description: "The session has ended" }],
} as const satisfies RouteShape;

export const mcpAllDoorRoutes: readonly Route[] = [
  { ...DOOR, dialect: jsonrpcDialect, answer },
  { ...LISTEN, dialect: jsonrpcDialect, answer: (arrival) => inItsSession(LISTEN, arrival, listenLegacy) },
  { ...END, dialect: jsonrpcDialect, answer: (arrival) => inItsSession(END, arrival, endLegacy) },
  metadataRoute("/mcp", ["surface"], {
    operationId: "mcpAllResourceMetadata",
    summary: "Protected resource metadata of the MCP door of all servers (RFC 9728)",
  }),
];

async function answer(arrival: Arrival): Promise<Response> {
  const sender = await admitted(DOOR, arrival, "surface");
  if (!sender.ok) return sender.error;
  const { caller } = sender.value;
  const read = await readMessage(arrival, caller, sender.value.about);
  if (!read.ok) return read.error;
  const separator = separatorOf(arrival.http);
  if (separator === null) return jsonrpcDialect.decline(BAD_QUERY, read.value.about);
  return serveMessage(arrival, caller, read.value, doorOf(arrival, caller, separator));
}

async function inItsSession(
  shape: RouteShape,
  arrival: Arrival,
  serve: (call: DoorCall) => Promise<Response>,
): Promise<Response> {
  const sender = await admitted(shape, arrival, "surface");
  if (!sender.ok) return sender.error;
  const { caller, about } = sender.value;
  return inSession(arrival, caller, about, () =>
    serve(doorCall(arrival, caller, doorOf(arrival, caller, "."), about)),
  );
}

const doorOf = ({ services }: Arrival, caller: Caller, separator: Separator): McpDoor => ({
  tool: null,
  serve: (asked) => serveAll(services.mcp, caller, { ...asked, separator }),
});

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
