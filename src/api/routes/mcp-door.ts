/** The MCP door of a tool: `/mcp/{tool}` is its server, as far as the agent may use it. */
import { z } from "zod";
import type { Caller } from "../../access/caller.ts";
import { isName } from "../../contract/words.ts";
import { serveRequest } from "../../gateway/mcp/serve-request.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import type { About } from "../dialects/dialect.ts";
import { jsonrpcDialect } from "../dialects/jsonrpc.ts";
import { doorCall, type McpDoor } from "../mcp/door-call.ts";
import { endLegacy, listenLegacy } from "../mcp/legacy.ts";
import { idOfBody } from "../mcp/refused-id.ts";
import { admitted, inSession, readMessage, RPC_ANSWERS, RPC_MESSAGE } from "../mcp/message.ts";
import { serveMessage } from "../mcp/serve.ts";
import { toolMetadataRoute } from "../resource-metadata.ts";
import type { Arrival, Route, RouteShape } from "../route.ts";

const toolOfPath = (http: Request): string => /^\/mcp\/([^/]*)$/.exec(new URL(http.url).pathname)?.[1] ?? "";

/** A name that no tool can have is of no door of its own. */
const resourceOf = (http: Request): string => {
  const tool = toolOfPath(http);
  return isName(tool) ? `/mcp/${tool}` : "";
};

const AT = {
  path: "/mcp/{tool}",
  tag: "tools",
  door: { by: "agent", resource: resourceOf },
  params: z.strictObject({ tool: z.string() }),
} as const;

const DOOR = {
  ...AT,
  door: { ...AT.door, mayEnd: true },
  method: "post",
  operationId: "mcpTool",
  summary: "One JSON-RPC message of the Model Context Protocol to the server behind a tool",
  body: RPC_MESSAGE,
  answers: RPC_ANSWERS,
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
  toolMetadataRoute("/mcp", {
    operationId: "mcpResourceMetadata",
    summary:
      "Protected resource metadata of a tool's MCP door (RFC 9728), whether or not there is such a tool",
  }),
];

type Serve = (arrival: Arrival, caller: Caller, tool: string, about: About) => Promise<Response>;

async function answer(shape: RouteShape, arrival: Arrival, serveIt: Serve): Promise<Response> {
  const tool = toolOfPath(arrival.http);
  const sender = await admitted(shape, arrival, isName(tool) ? `tool:${tool}` : null);
  if (!sender.ok) return sender.error;
  const { caller, about } = sender.value;
  if (isName(tool)) return serveIt(arrival, caller, tool, about);
  return jsonrpcDialect.decline(NO_DOOR, { ...about, rpcId: await idOfBody(arrival.http) });
}

const listen: Serve = (arrival, caller, tool, about) =>
  inSession(arrival, caller, about, () =>
    listenLegacy(doorCall(arrival, caller, doorOf(arrival, caller, tool), about)),
  );
const end: Serve = (arrival, caller, tool, about) =>
  inSession(arrival, caller, about, () =>
    endLegacy(doorCall(arrival, caller, doorOf(arrival, caller, tool), about)),
  );

const serve: Serve = async (arrival, caller, tool, about) => {
  const read = await readMessage(arrival, caller, about);
  return read.ok ? serveMessage(arrival, caller, read.value, doorOf(arrival, caller, tool)) : read.error;
};

const doorOf = ({ services }: Arrival, caller: Caller, tool: string): McpDoor => ({
  tool,
  serve: (asked) => serveRequest(services.mcp, caller, { ...asked, tool }),
});

const NO_DOOR: Refusal = { code: "not_found", detail: "There is no door of this name." };
