/** What an MCP server gets of a call through its door, in both eras of servers: Dome's words, and no credential of the caller (P10). */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { DomeKeys, verifyDomeContext } from "../../sdk/typescript/src/context.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { modernRequest } from "../support/mcp-client-request.ts";
import { testIdp, type TestIdp } from "../support/test-idp.ts";
import { freshWorkspace, operator, worker, type Registered } from "../support/worker-api.ts";
import { addProvider } from "./users.fixture.ts";

const api = operator();
const LOGIN = "https://login.mcp.example/token";
const SECRET = "client-secret-77a1";
const TOOLS = [{ name: "search", inputSchema: { type: "object" } }];
const urlOf = (tool: string): string => `https://${tool}.example.com/mcp`;
const ERAS = ["modern", "legacy"] as const;
let home: string;
let idp: TestIdp;
let a: Registered;
let made = 0;

interface Seen {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
}
let seen: Seen[];
let refuses: (token: string | null) => boolean;

const rpc = (id: unknown, result: object, more: ResponseInit = {}) =>
  Response.json({ jsonrpc: "2.0", id, result }, more);

async function serve(input: unknown, init?: RequestInit): Promise<Response> {
  const url = String(input);
  const document = idp.documents()[url];
  if (document !== undefined) return Response.json(document);
  const headers = new Headers(init?.headers);
  const body = init?.body == null ? "" : await new Response(init.body).text();
  if (url === LOGIN) {
    seen.push({ url, method: "token", headers, body });
    return Response.json({ access_token: `at-${(made += 1)}`, token_type: "Bearer", expires_in: 600 });
  }
  const { id, method = "end" } = (body === "" ? {} : JSON.parse(body)) as { id?: unknown; method?: string };
  seen.push({ url, method, headers, body });
  if (refuses(headers.get("authorization"))) return new Response(null, { status: 401 });
  const isLegacy = url.includes("legacy");
  switch (method) {
    case "server/discover":
      return isLegacy
        ? Response.json(
            { jsonrpc: "2.0", id, error: { code: -32000, message: "not initialized" } },
            { status: 400 },
          )
        : rpc(id, { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } });
    case "initialize":
      return rpc(
        id,
        {
          protocolVersion: "2025-11-25",
          capabilities: { tools: {} },
          serverInfo: { name: "s", version: "1" },
        },
        { headers: { "mcp-session-id": "session-1" } },
      );
    case "tools/list":
      return rpc(id, { tools: TOOLS });
    case "tools/call":
      return rpc(id, { ...(isLegacy ? {} : { resultType: "complete" }), content: [] });
    default:
      return new Response(null, { status: 202 });
  }
}

beforeAll(async () => {
  seen = [];
  refuses = () => false;
  idp = await testIdp("https://login.people.example");
  vi.spyOn(globalThis, "fetch").mockImplementation(serve);
  home = await freshWorkspace();
  for (const era of ERAS) {
    await api.addTool({
      name: era,
      workspace: home,
      kind: "mcp",
      url: urlOf(era),
      dome_context: { audience: null },
      context_headers: [{ name: "x-tenant", required: true }],
      auth: {
        type: "oauth_client_credentials",
        token_url: LOGIN,
        client_id: "dome",
        user: { grant: "token_exchange", audience: null },
      },
    });
    await api.call("POST", `/tools/${era}/secrets?workspace=${home}`, { body: { value: SECRET } });
    await api.call("POST", `/tools/${era}/refresh?workspace=${home}`);
  }
  a = await api.start({ name: "a", workspace: home, surface: { tools: [...ERAS] } });
  await addProvider(home, idp, "okta", { audiences: [{ audience: "app-a", agent: "a" }] });
});

beforeEach(() => {
  seen = [];
  refuses = () => false;
  vi.spyOn(globalThis, "fetch").mockImplementation(serve);
});
afterEach(() => vi.restoreAllMocks());

async function call(tool: string, more: Record<string, string>) {
  const { headers, body } = modernRequest("tools/call", { name: "search", arguments: {} });
  const all = { ...headers, authorization: `Bearer ${a.secret}`, ...more };
  const response = await worker(
    new Request(`${TEST_ISSUER}/mcp/${tool}`, { method: "POST", headers: all, body }),
  );
  return { status: response.status, text: await response.text() };
}
const keys = new DomeKeys({ issuer: TEST_ISSUER, fetch: (url) => worker(new Request(url)) });
const calls = () => seen.filter(({ method }) => method === "tools/call");
const idToken = (sub = "ada") => idp.sign({ sub, aud: "app-a" });

describe.each(ERAS)("a %s MCP server", (era) => {
  it("gets the context with the call alone, the user's token, and no credential of the caller (P10)", async () => {
    const token = await idToken();
    const { status } = await call(era, { "dome-act-as": token, "x-tenant": "acme" });
    expect(status).toBe(200);
    const [asked] = calls();
    const context = await verifyDomeContext(asked?.headers.get("dome-context"), {
      keys,
      audience: urlOf(era),
    });
    expect(context).toMatchObject({
      action: "mcp:call",
      tool: era,
      operation: "search",
      agent: { id: a.id },
      user: { provider: "okta", subject: "ada" },
      request: { headers: { "x-tenant": "acme" } },
    });
    expect(asked?.headers.get("authorization")).toMatch(/^Bearer at-\d+$/);
    const others = seen.filter(({ method }) => method !== "tools/call");
    expect(others.filter(({ headers }) => headers.has("dome-context"))).toEqual([]);
    const everything = JSON.stringify(seen.map(({ url, headers, body }) => [url, [...headers], body]));
    for (const canary of [token, a.secret]) expect(everything).not.toContain(canary);
    const atServer = seen.filter(({ url }) => url !== LOGIN);
    expect(JSON.stringify(atServer.map(({ headers, body }) => [[...headers], body]))).not.toContain(SECRET);
  });

  it.each<[string, Record<string, string>, boolean, string]>([
    ["a user", { "x-tenant": "acme" }, false, "actas_required"],
    ["a header that the entry requires", {}, true, "headers_invalid"],
  ])("is not called without %s (P7, P1)", async (_what, headers, hasUser, reason) => {
    const { text } = await call(era, { ...headers, ...(hasUser ? { "dome-act-as": await idToken() } : {}) });
    expect(text).toContain(reason);
    expect(calls()).toEqual([]);
  });

  it("that refuses a token is called with another one next time, and never by repeating what may change something", async () => {
    const more = { "dome-act-as": await idToken("bob"), "x-tenant": "acme" };
    await call(era, more);
    const used = calls()[0]?.headers.get("authorization") ?? "";
    refuses = (token) => token === used;
    const { status, text } = await call(era, more);
    expect([status, text]).toEqual([502, expect.stringContaining("upstream_refused")]);
    expect(calls()).toHaveLength(2);
    expect((await call(era, more)).status).toBe(200);
    expect(calls()[2]?.headers.get("authorization")).not.toBe(used);
  });
});

describe("a session of a legacy client at a legacy MCP server", () => {
  const HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const at = (method: string, headers: Record<string, string>, message: object | null) =>
    worker(
      new Request(`${TEST_ISSUER}/mcp/legacy`, {
        method,
        headers: { authorization: `Bearer ${a.secret}`, ...HEADERS, ...headers },
        body: message === null ? null : JSON.stringify({ jsonrpc: "2.0", ...message }),
      }),
    );
  const INITIALIZE = {
    id: 0,
    method: "initialize",
    params: {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "c", version: "1" },
    },
  };

  it("gives the server the context, and the user's token, with all that reaches it (P10, P8)", async () => {
    const caller = { "dome-act-as": await idToken("cleo"), "x-tenant": "acme" };
    const begun = await at("POST", caller, INITIALIZE);
    const session = { ...caller, "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
    await at("POST", session, { method: "notifications/initialized" });
    await at("POST", session, { id: 5, result: {} });
    await at("GET", session, null);
    await at("DELETE", session, null);
    const atServer = seen.filter(({ url }) => url !== LOGIN);
    expect(atServer.map(({ method }) => method)).toEqual([
      "initialize",
      "notifications/initialized",
      "end",
      "end",
      "end",
    ]);
    const operations = await Promise.all(
      atServer.map(async ({ headers }) => {
        expect(headers.get("authorization")).toMatch(/^Bearer at-\d+$/);
        const context = await verifyDomeContext(headers.get("dome-context"), {
          keys,
          audience: urlOf("legacy"),
        });
        expect(context).toMatchObject({
          user: { subject: "cleo" },
          request: { headers: { "x-tenant": "acme" } },
        });
        return context.operation;
      }),
    );
    expect(operations).toEqual([
      "MCP /initialize",
      "MCP /notifications/initialized",
      "MCP /response",
      "MCP /subscriptions/listen",
      "MCP /session/end",
    ]);
  });

  it("does not begin for nobody: Dome's own credential never stands in for a user's (P7)", async () => {
    const begun = await at("POST", { "x-tenant": "acme" }, INITIALIZE);
    expect(await begun.text()).toContain("actas_required");
    expect(begun.headers.get("mcp-session-id")).toBe(null);
    expect(seen).toEqual([]);
  });
});
