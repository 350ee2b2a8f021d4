/**
 * No credential of a caller reaches any server, whichever door, pair of eras and place it is tried at (P10): one table of
 * credentials, places and doors, and everything that has left Dome.
 */
import { beforeAll, expect, it, vi } from "vitest";
import { TEST_ADMIN_TOKEN, TEST_ISSUER } from "../support/fixed-secrets.ts";
import { modernRequest } from "../support/mcp-client-request.ts";
import { testIdp } from "../support/test-idp.ts";
import { freshWorkspace, operator, token, worker, type Registered } from "../support/worker-api.ts";
import { addProvider } from "./users.fixture.ts";

const api = operator();
const LOGIN = "https://login.canary.example/token";
const TOOLS = ["web", "modern", "legacy"] as const;
/** What has left Dome, whole: to servers of tools, and to their authorization server. */
const left: string[] = [];
let home: string;
let agent: Registered;
const canaries: Record<string, string> = {};

const rpc = (id: unknown, result: object, headers: Record<string, string> = {}): Response =>
  Response.json({ jsonrpc: "2.0", id, result }, { headers });

async function serve(input: unknown, init?: RequestInit): Promise<Response> {
  const url = String(input);
  const body = init?.body == null ? "" : await new Response(init.body).text();
  left.push([init?.method, url, ...[...new Headers(init?.headers)].flat(), body].join("\n"));
  if (url === LOGIN) return Response.json({ access_token: "at-1", token_type: "Bearer", expires_in: 600 });
  if (!url.endsWith("/mcp")) return new Response("an answer");
  const { id, method = "" } = (body === "" ? {} : JSON.parse(body)) as { id?: unknown; method?: string };
  const isLegacy = url.includes("legacy");
  const error = { code: -32_000, message: "not initialized" };
  switch (method) {
    case "server/discover":
      return isLegacy
        ? Response.json({ jsonrpc: "2.0", id, error }, { status: 400 })
        : rpc(id, {
            supportedVersions: ["2026-07-28"],
            capabilities: { tools: {}, resources: {}, prompts: {} },
          });
    case "initialize": {
      const serverInfo = { name: "s", version: "1" };
      const result = {
        protocolVersion: "2025-11-25",
        capabilities: { tools: {}, resources: {} },
        serverInfo,
      };
      return rpc(id, result, { "mcp-session-id": "session-1" });
    }
    case "tools/list":
      return rpc(id, { tools: [{ name: "search", inputSchema: { type: "object" } }] });
    case "":
      return new Response(null, { status: 202 });
    default:
      return rpc(id, { ...(isLegacy ? {} : { resultType: "complete" }), content: [], resources: [] });
  }
}

beforeAll(async () => {
  const idp = await testIdp("https://people.canary.example");
  const documents = idp.documents();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input: unknown, init?: RequestInit) => {
    const document = documents[String(input)];
    return document === undefined ? serve(input, init) : Response.json(document);
  });
  home = await freshWorkspace();
  for (const name of TOOLS) {
    await api.addTool({
      name,
      workspace: home,
      kind: name === "web" ? "http" : "mcp",
      url: `https://${name}.example.com/${name === "web" ? "api" : "mcp"}`,
      forward_headers: ["x-forwarded-note"],
      context_headers: [{ name: "x-tenant" }],
      dome_context: { audience: null },
      auth: {
        type: "oauth_client_credentials",
        token_url: LOGIN,
        client_id: "dome",
        user: { grant: "token_exchange", audience: null },
      },
    });
    await api.call("POST", `/tools/${name}/secrets?workspace=${home}`, { body: { value: "of-the-server" } });
    if (name !== "web") await api.call("POST", `/tools/${name}/refresh?workspace=${home}`);
    await api.call("POST", `/tools/${name}/test?workspace=${home}`);
  }
  agent = await api.start({ name: "a", workspace: home, tier: "trusted", surface: { tools: [...TOOLS] } });
  await addProvider(home, idp, "okta", { audiences: [{ audience: "app-a", agent: "a" }] });
  Object.assign(canaries, {
    key: agent.secret,
    token: await token(agent.secret),
    idToken: await idp.sign({ sub: "ada", aud: "app-a" }),
    operator: TEST_ADMIN_TOKEN,
  });
}, 60_000);

/** A request at a door, of a client of either era: as it is, and with a text put into its body. */
interface Door {
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  body(put: string): string | null;
}

async function doors(): Promise<readonly Door[]> {
  const json = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const found: Door[] = [
    { path: "/tools/web/notes", method: "GET", headers: {}, body: () => null },
    {
      path: "/tools/web/notes",
      method: "POST",
      headers: json,
      body: (put) => JSON.stringify({ note: [put] }),
    },
  ];
  for (const [path, prefix] of [
    ["/mcp/modern", ""],
    ["/mcp/legacy", ""],
    ["/mcp", "modern."],
    ["/mcp", "legacy."],
  ] as const) {
    const name = `${prefix}search`;
    const args = (put: string): Record<string, unknown> => ({ name, arguments: { q: put } });
    const { headers } = modernRequest("tools/call", { name });
    found.push({ path, method: "POST", headers, body: (put) => modernRequest("tools/call", args(put)).body });
    const list = modernRequest("resources/list");
    found.push({ path, method: "POST", headers: list.headers, body: () => list.body });
    const legacy = await session(path, json);
    const call = { jsonrpc: "2.0", id: 2, method: "tools/call" };
    found.push({
      path,
      method: "POST",
      headers: legacy,
      body: (put) => JSON.stringify({ ...call, params: args(put) }),
    });
  }
  return found;
}

const authorized = (credential = canaries["key"]): Record<string, string> => ({
  authorization: `Bearer ${credential}`,
  "dome-act-as": canaries["idToken"] ?? "",
});

/** Of a client of 2025-11-25. */
async function session(path: string, json: Record<string, string>): Promise<Record<string, string>> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "c", version: "1" } };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
  const headers = { ...json, ...authorized() };
  const answered = await worker(new Request(`${TEST_ISSUER}${path}`, { method: "POST", headers, body }));
  const id = answered.headers.get("mcp-session-id");
  if (id === null) throw new Error(`no session at ${path}: ${answered.status} ${await answered.text()}`);
  return { ...json, "mcp-session-id": id, "mcp-protocol-version": "2025-11-25" };
}

const HEADERS = [
  "cookie",
  "x-api-key",
  "x-tenant",
  "x-forwarded-note",
  "x-authorization",
  "proxy-authorization",
  "dome-context",
  "user-agent",
  "traceparent",
  "tracestate",
  "accept-language",
  "mcp-param-region",
  "last-event-id",
  "referer",
];

async function tried(
  door: Door,
  more: { headers?: Record<string, string>; query?: string; put?: string },
): Promise<number> {
  const headers = { ...door.headers, ...authorized(), ...more.headers };
  const url = `${TEST_ISSUER}${door.path}${more.query ?? ""}`;
  const body = door.body(more.put ?? "x");
  const response = await worker(new Request(url, { method: door.method, headers, body }));
  await response.text();
  return response.status;
}

/** The spellings of a text that another server could read as the same. */
const spelled = (text: string): readonly string[] => [
  text,
  encodeURIComponent(text),
  Array.from(text, (char) => `%${char.charCodeAt(0).toString(16)}`).join(""),
  btoa(text).replaceAll("=", ""),
  Array.from(text, (char) => String.raw`\u00${char.charCodeAt(0).toString(16)}`).join(""),
];

it("leaves Dome from no door, in no pair of eras, from no place of a request (P10)", async () => {
  const all = await doors();
  const own = [canaries["key"], canaries["token"]] as const;
  const before = left.length;
  for (const door of all) {
    for (const credential of own) await tried(door, { headers: authorized(credential) });
    for (const canary of Object.values(canaries)) {
      for (const name of HEADERS) await tried(door, { headers: { [name]: canary } });
      await tried(door, { headers: { cookie: `session=${canary}` } });
      for (const text of spelled(canary).slice(0, 3)) await tried(door, { query: `?note=${text}` });
      await tried(door, { put: canary });
      await tried(door, { put: `a ${canary} b` });
    }
  }
  for (const name of ["modern", "legacy"]) await api.call("POST", `/tools/${name}/refresh?workspace=${home}`);
  // The calls that hold none do reach their servers: all that is looked at has happened.
  expect(left.length - before).toBeGreaterThan(all.length * 2);
  expect(left.some((text) => text.includes(LOGIN))).toBe(true);
  expect(left.filter((text) => text.includes("dome-context\n")).length).toBeGreaterThan(all.length);
  for (const [name, canary] of Object.entries(canaries)) {
    const texts = [canary, ...canary.split(".").filter((part) => part.length > 40)].flatMap(spelled);
    const places = texts.flatMap((each) =>
      left.flatMap((text) => {
        const at = text.toLowerCase().indexOf(each.toLowerCase());
        return at < 0 ? [] : [text.slice(Math.max(0, at - 60), at + 20)];
      }),
    );
    expect([name, places]).toEqual([name, []]);
  }
}, 120_000);
