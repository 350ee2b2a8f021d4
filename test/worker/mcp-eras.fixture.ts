/**
 * MCP doors of servers of each era through the whole Worker; the servers answer in place of the Worker's `fetch`.
 * Importing this file sets it up: a workspace with the tools `legacy`, `modern` and `both`, and an agent that declares
 * them.
 */
import { beforeAll, beforeEach, vi } from "vitest";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { modernRequest } from "../support/mcp-client-request.ts";
import { freshWorkspace, operator, worker, type Registered } from "../support/worker-api.ts";

export const api = operator();
/** The workspace, and the agent: set before the first test. */
export const here = { home: "", bot: { id: "", secret: "" } as Pick<Registered, "id" | "secret"> };

/** What reached a server. */
export interface Sent {
  readonly tool: string;
  readonly verb: string;
  readonly headers: Headers;
  readonly message: Message | null;
  readonly signal: AbortSignal | null;
}
export interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: unknown;
}

export const TOOLS = [
  {
    name: "search",
    description: "Searches",
    inputSchema: {
      type: "object",
      properties: { q: { type: "string" }, region: { type: "string", "x-mcp-header": "Region" } },
    },
  },
  { name: "look", inputSchema: { type: "object" } },
];
const CAPABILITIES = { tools: { listChanged: true }, resources: { subscribe: true }, tasks: {} };

/** The servers: what reached them since the test began, beside how they were found out, and what they say. */
export const servers = {
  sent: [] as Sent[],
  /** How many sessions were begun. */
  begun: 0,
  /** Sessions that the legacy servers know. */
  sessions: new Set<string>(),
  /** Which era each server speaks alone, other than its name says. */
  turned: new Map<string, "legacy" | "modern">(),
  /** Legacy servers keep no sessions. */
  areSessionless: false,
  /** What each server says that it can do. */
  capabilities: CAPABILITIES as object,
  /** What each server lists. */
  tools: TOOLS as readonly object[],
  /** What a server without a session for the request answers. */
  over: 404,
  answer: null as unknown as (sent: Sent) => Response | Promise<Response>,
};

export const json = (value: object, init: ResponseInit = {}): Response =>
  Response.json({ jsonrpc: "2.0", ...value }, init);
export const event = (value: object, id?: string): string =>
  `${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify({ jsonrpc: "2.0", ...value })}\n\n`;
export const eventsOf = (...events: readonly string[]): Response =>
  new Response(events.join(""), { headers: { "content-type": "text/event-stream" } });
/** A stream on which nothing comes. */
export const silent = (): Response =>
  new Response(new ReadableStream(), { headers: { "content-type": "text/event-stream" } });

const found = (sent: Sent): Response =>
  json({
    id: sent.message?.id,
    result:
      sent.tool === "legacy" || sent.headers.has("mcp-session-id")
        ? { content: [{ type: "text", text: "found" }] }
        : { resultType: "complete", content: [{ type: "text", text: "found" }] },
  });

async function serve(input: unknown, init: RequestInit = {}): Promise<Response> {
  const { hostname } = new URL(String(input));
  const tool = hostname.split(".")[0] ?? "";
  const text = init.body instanceof Uint8Array ? new TextDecoder().decode(init.body) : "";
  const message = text === "" ? null : (JSON.parse(text) as Message);
  const headers = new Headers(init.headers);
  const sent = { tool, verb: init.method ?? "GET", headers, message, signal: init.signal ?? null };
  const isModern = headers.get("mcp-protocol-version") === "2026-07-28";
  const era = servers.turned.get(tool) ?? tool;
  if (isModern && era === "legacy") {
    return json({ id: null, error: { code: -32_000, message: "no session" } }, { status: 400 });
  }
  if (message?.method === "server/discover") {
    const result = {
      supportedVersions: ["2026-07-28"],
      capabilities: servers.capabilities,
      resultType: "complete",
    };
    return json({ id: message.id, result });
  }
  if (message?.method === "tools/list") return json({ id: message.id, result: { tools: servers.tools } });
  if (message?.method === "initialize") {
    if (era === "modern") {
      const data = { supported: ["2026-07-28"] };
      return json(
        { id: message.id, error: { code: -32_022, message: "modern only", data } },
        { status: 400 },
      );
    }
    servers.sent.push(sent);
    servers.begun += 1;
    const session = `upstream-${servers.begun}`;
    servers.sessions.add(session);
    const result = {
      protocolVersion: "2025-11-25",
      capabilities: servers.capabilities,
      serverInfo: { name: "s", version: "1" },
      instructions: "Trust me.",
    };
    const named = servers.areSessionless ? {} : { "mcp-session-id": session };
    return json({ id: message.id, result }, { headers: named });
  }
  servers.sent.push(sent);
  const session = headers.get("mcp-session-id");
  const isKnown = servers.areSessionless || (session !== null && servers.sessions.has(session));
  if (!isModern && !isKnown) return new Response("no such session", { status: servers.over });
  if (sent.verb === "DELETE") {
    servers.sessions.delete(session ?? "");
    return new Response(null, { status: 200 });
  }
  if (message !== null && message.method === undefined) return new Response(null, { status: 202 });
  if (message !== null && !("id" in message)) return new Response(null, { status: 202 });
  return servers.answer(sent);
}

beforeAll(async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(serve);
  here.home = await freshWorkspace();
  for (const name of ["legacy", "modern", "both"]) {
    const url = `https://${name}.example.com/mcp`;
    await api.addTool({ workspace: here.home, kind: "mcp", name, url });
    await api.call("POST", `/tools/${name}/refresh?workspace=${here.home}`);
    const look = `/tools/${name}/operations/look`;
    const { body } = await api.call("GET", `${look}?workspace=${here.home}`);
    const { hash } = body as { hash: string };
    await api.call("POST", `${look}/approve?workspace=${here.home}`, { body: { hash, read_only: true } });
  }
  const surface = { tools: ["legacy", "modern", "both"] };
  here.bot = await api.start({ name: "bot", workspace: here.home, surface });
});

beforeEach(() => {
  Object.assign(servers, {
    sent: [],
    capabilities: CAPABILITIES,
    tools: TOOLS,
    over: 404,
    areSessionless: false,
    answer: found,
  });
  servers.turned.clear();
  vi.spyOn(globalThis, "fetch").mockImplementation(serve);
});

export interface Heard {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Message;
}

/** @param tool empty: at the door of all. */
export async function send(
  tool: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: string | null = null,
  credential = here.bot.secret,
): Promise<Response> {
  const all = new Headers({ authorization: `Bearer ${credential}`, ...headers });
  const path = tool === "" ? "/mcp" : `/mcp/${tool}`;
  return worker(new Request(TEST_ISSUER + path, { method, headers: all, body }));
}

export async function heard(response: Response): Promise<Heard> {
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (isJson ? JSON.parse(text) : {}) as Message,
  };
}

const LEGACY = { "content-type": "application/json", accept: "application/json, text/event-stream" };

/** A legacy client with its session. */
export class LegacyClient {
  readonly tool: string;
  readonly session: string;
  readonly initialized: Heard;
  readonly credential: string;

  private constructor(tool: string, session: string, initialized: Heard, credential: string) {
    this.tool = tool;
    this.session = session;
    this.initialized = initialized;
    this.credential = credential;
  }

  static async connect(
    tool: string,
    credential = here.bot.secret,
    capabilities: object = {},
  ): Promise<LegacyClient> {
    const clientInfo = { name: "test", version: "1" };
    const params = { protocolVersion: "2025-11-25", capabilities, clientInfo };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params });
    const answer = await heard(await send(tool, "POST", LEGACY, body, credential));
    return new LegacyClient(tool, answer.headers.get("mcp-session-id") ?? "", answer, credential);
  }

  get headers(): Record<string, string> {
    return { ...LEGACY, "mcp-session-id": this.session, "mcp-protocol-version": "2025-11-25" };
  }

  open(message: object, headers: Readonly<Record<string, string>> = {}, credential = this.credential) {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    return send(this.tool, "POST", { ...this.headers, ...headers }, body, credential);
  }

  async post(message: object, headers: Readonly<Record<string, string>> = {}, credential = this.credential) {
    return heard(await this.open(message, headers, credential));
  }

  call(name: string, args: object = {}, id: string | number = 1): Promise<Heard> {
    return this.post({ id, method: "tools/call", params: { name, arguments: args } });
  }
}

export async function modernCall(
  tool: string,
  name: string,
  args: object = {},
  {
    id = 1,
    credential = here.bot.secret,
    headers: more = {},
  }: { id?: string | number; credential?: string; headers?: Record<string, string> } = {},
): Promise<Heard> {
  const { headers, body } = modernRequest("tools/call", { name, arguments: args }, id);
  return heard(await send(tool, "POST", { ...headers, ...more }, body, credential));
}

/** Requests of this kind that reached a server. */
export const sentOf = (method: string): readonly Sent[] =>
  servers.sent.filter(({ message }) => message?.method === method);
