/** The doors of tools that are measured: the server behind them, and a call through each. */
import { defined } from "../../src/kernel/defined.ts";
import { startAlone, type Alone } from "./alone.ts";
import { request, type Address } from "./load.ts";
import type { Operator } from "./operator.ts";

const [MODERN, LEGACY] = ["2026-07-28", "2025-11-25"] as const;
const CALL = { name: "echo", arguments: { text: "what is governed is a call like this one", number: 4711 } };

/** An HTTP API at `/orders`, and an MCP server of either era: as little of each as answers a call. */
const ANSWERS = `
const tools = [{ name: "echo", inputSchema: { type: "object",
  properties: { text: { type: "string" }, number: { type: "integer" } }, required: ["text"] } }];
const lasting = { ttlMs: 0, cacheScope: "private" };
const results = {
  "server/discover": () => ({ supportedVersions: ["${MODERN}"], capabilities: { tools: {} }, ...lasting }),
  initialize: () => ({ protocolVersion: "${LEGACY}", capabilities: { tools: {} },
    serverInfo: { name: "bench", version: "1" } }),
  "tools/list": (isModern) => (isModern ? { tools, ...lasting } : { tools }),
  "tools/call": ({}, { arguments: { text } }) => ({ content: [{ type: "text", text }] }),
};
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/orders") {
      await request.arrayBuffer();
      return Response.json({ answer: "a short one", items: [1, 2, 3] });
    }
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const { id, method, params } = await request.json();
    if (id === undefined) return new Response(null, { status: 202 });
    const isModern = pathname === "/modern";
    const isOther = method === (isModern ? "initialize" : "server/discover");
    const make = isOther ? undefined : results[method];
    if (make === undefined)
      return Response.json({ jsonrpc: "2.0", id, error: { code: -32601, message: "no" } }, { status: 404 });
    const result = { ...make(isModern, params), resultType: isModern ? "complete" : undefined };
    const headers = method === "initialize" ? { "mcp-session-id": crypto.randomUUID() } : {};
    return Response.json({ jsonrpc: "2.0", id, result }, { headers });
  },
};`;

/** The server behind the tools. Start it before Dome, which has to be told that its origin may be called. */
export const startUpstream = (): Promise<Alone> => startAlone(ANSWERS);

export interface Door {
  /** As in "governed HTTP tool call". */
  readonly name: string;
  readonly kind: "http" | "mcp";
  /** At the server. */
  readonly path: "/orders" | "/modern" | "/legacy";
}

export const DOORS: readonly Door[] = [
  { name: "HTTP tool", kind: "http", path: "/orders" },
  { name: `MCP tool (${MODERN})`, kind: "mcp", path: "/modern" },
  { name: `MCP tool (${LEGACY})`, kind: "mcp", path: "/legacy" },
];

/** The same call, through Dome for each of some agents, and through the bare proxy. */
export interface Calls {
  readonly governed: readonly Buffer[];
  readonly bare: Buffer;
}

interface Places {
  readonly operator: Operator;
  readonly dome: Address;
  /** The origin of the server behind the tool. */
  readonly upstream: string;
  readonly proxy: Address;
}

/** Adds the tool to the catalog, and makes agents that declare it. */
export async function callsOf(
  { kind, path }: Door,
  { operator, dome, upstream, proxy }: Places,
): Promise<Calls> {
  const tool = `bench-${path.slice(1)}`;
  const url = kind === "http" ? upstream : upstream + path;
  await operator.ask("POST", "/api/v1/tools", { name: tool, kind, url });
  if (kind === "mcp") await operator.ask("POST", `/api/v1/tools/${tool}/refresh`, {});
  const callers = await operator.makeCallers(tool, 4, { surface: { tools: [tool] } });
  const at = kind === "http" ? `/tools/${tool}/orders` : `/mcp/${tool}`;
  const governed = await Promise.all(callers.map(({ token }) => callAt(path, dome, at, { bearer: token })));
  return { governed, bare: await callAt(path, proxy, path, {}) };
}

async function callAt(
  path: Door["path"],
  address: Address,
  at: string,
  given: { readonly bearer?: string },
): Promise<Buffer> {
  if (path === "/orders") return request(address, "POST", at, { ...given, json: CALL.arguments });
  const accept = { Accept: "application/json, text/event-stream" };
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call" };
  if (path === "/modern") {
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": MODERN,
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const headers = {
      ...accept,
      "MCP-Protocol-Version": MODERN,
      "Mcp-Method": message.method,
      "Mcp-Name": CALL.name,
    };
    return request(address, "POST", at, {
      ...given,
      headers,
      json: { ...message, params: { ...CALL, _meta } },
    });
  }
  const headers = { ...accept, ...(await legacySession(address, at, given)) };
  return request(address, "POST", at, { ...given, headers, json: { ...message, params: CALL } });
}

/** Begins a session. @returns the headers of a request in it. */
async function legacySession(
  { host, port }: Address,
  at: string,
  { bearer }: { readonly bearer?: string },
): Promise<Record<string, string>> {
  const send = async (message: object, session: Record<string, string>): Promise<Response> =>
    fetch(`http://${host}:${port}${at}`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        ...defined({ Authorization: bearer === undefined ? undefined : `Bearer ${bearer}` }),
        ...session,
      },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
    });
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: "bench", version: "1" } };
  const begun = await send({ id: 0, method: "initialize", params }, {});
  const told = await begun.text();
  const id = begun.headers.get("mcp-session-id");
  if (id === null) throw new Error(`no session: ${begun.status} ${told}`);
  const session = { "Mcp-Session-Id": id, "MCP-Protocol-Version": LEGACY };
  await (await send({ method: "notifications/initialized" }, session)).text();
  return session;
}
