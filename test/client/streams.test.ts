/**
 * The streams of a running server. The live trail: through the client, and through `dome audit tail`. An agent's events: through
 * the client, and through `dome agents events`. An HTTP tool: through its door, to a server on the network.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, test, vi } from "vitest";
import { AgentClient, type HeardEvent } from "../../src/client/agent-client.ts";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { ApiError } from "../../sdk/typescript/src/errors.ts";
import type { AgentEvent } from "../../src/contract/agent-event.ts";
import type { AuditEntry } from "../../src/contract/audit.ts";
import { rawCall, type RawAnswer } from "../support/raw-http.ts";
import { CLI, endEverything, startServer, type RunningServer } from "../support/server.ts";
import { saidOnTheWire } from "./wire-answers.fixture.ts";

let server: RunningServer;
let plane: ControlPlane;
let upstream: Upstream;

/**
 * The server behind a tool: `/live` says something and then nothing more, `/never` says nothing, every other path answers
 * with what it got.
 */
interface Upstream {
  readonly server: Server;
  readonly origin: string;
  /** The headers of each request so far. */
  readonly asked: IncomingHttpHeaders[];
  /** The answers that are still open. */
  readonly live: ServerResponse[];
}

async function upstreamServer(): Promise<Upstream> {
  const [asked, live]: [IncomingHttpHeaders[], ServerResponse[]] = [[], []];
  const listening = createServer((request, response) => {
    asked.push(request.headers);
    if (saidOnTheWire(request.url ?? "", request.method ?? "", request.socket)) return;
    if (request.url === "/never") {
      live.push(response);
      return;
    }
    if (request.url === "/live") {
      live.push(response.writeHead(200, { "content-type": "text/event-stream" }));
      response.write("data: begun\n\n");
      return;
    }
    response.setHeader("content-type", "application/octet-stream");
    request.pipe(response);
  });
  await once(listening.listen(0, "127.0.0.1"), "listening");
  const { port } = listening.address() as AddressInfo;
  return { server: listening, origin: `http://127.0.0.1:${port}`, asked, live };
}

beforeAll(async () => {
  upstream = await upstreamServer();
  server = await startServer({ args: ["--egress-allow", upstream.origin] });
  plane = new ControlPlane({ url: server.url, token: server.adminToken });
});
afterAll(async () => {
  await endEverything();
  upstream.server.closeAllConnections();
  upstream.server.close();
});

/** The next records; ends the connection behind them. */
async function take(records: AsyncGenerator<AuditEntry>, count: number): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const entry of records) {
    entries.push(entry);
    if (entries.length === count) break;
  }
  return entries;
}

const tools = (entries: readonly AuditEntry[]): (string | undefined)[] =>
  entries.map((entry) => entry.target?.id);
const ADDED = { kind: "catalog.tool_added" };

it("shows what happens after it began, and nothing before", async () => {
  const workspace = (await plane.workspaces.create({ name: "live" })).name;
  await plane.tools.add({ workspace, name: "before" });
  expect(tools(await take(plane.audit.tail({ workspace, ...ADDED }, 0), 1))).toEqual(["before"]);
  const fresh = plane.audit.tail({ workspace, readings: true });
  const seen = take(fresh, 2); // its own reading comes first: then the connection stands
  const own = await take(plane.audit.tail({ workspace, kind: "audit.read" }, 0), 2);
  expect(own.map((entry) => entry.operator?.subject)).toEqual(["admin", "admin"]);
  await plane.tools.add({ workspace, name: "after" });
  expect((await seen).map((entry) => entry.kind)).not.toContain("workspace.created");
});

it("goes on behind a seq, so that a reader who was cut misses nothing", async () => {
  const workspace = (await plane.workspaces.create({ name: "resumed" })).name;
  for (const name of ["one", "two", "three"]) await plane.tools.add({ workspace, name });
  const [one] = await take(plane.audit.tail({ workspace, ...ADDED }, 0), 1);
  expect(tools([one as AuditEntry])).toEqual(["one"]);
  expect(tools(await take(plane.audit.tail({ workspace, ...ADDED }, one?.seq), 2))).toEqual(["two", "three"]);
});

it("is closed to whoever has no valid token", async () => {
  const stranger = new ControlPlane({ url: server.url, token: "dome_ot_x" });
  await expect(take(stranger.audit.tail(), 1)).rejects.toMatchObject({ status: 401, code: "invalid_token" });
});

it("refuses a filter that is not right with the member at fault", async () => {
  const wrong = take(plane.audit.tail({ kind: "NO KIND" }), 1);
  await expect(wrong).rejects.toBeInstanceOf(ApiError);
});

it("prints one record a line with `dome audit tail --json`", async () => {
  const workspace = (await plane.workspaces.create({ name: "piped" })).name;
  for (const name of ["one", "two"]) await plane.tools.add({ workspace, name });
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      CLI,
      "audit",
      "tail",
      "--workspace",
      workspace,
      "--kind",
      "catalog.*",
      "--after",
      "0",
      "--count",
      "2",
      "--json",
    ],
    { env: { ...server.clientEnv } },
  );
  const lines = stdout.trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as AuditEntry).target?.id)).toEqual(["one", "two"]);
});

it("replays what was recorded from a time on with `dome audit tail --since`, oldest first, and nothing before", async () => {
  const workspace = (await plane.workspaces.create({ name: "replayed" })).name;
  for (const name of ["one", "two", "three"]) await plane.tools.add({ workspace, name });
  const recorded = await take(plane.audit.tail({ workspace, ...ADDED }, 0), 3);
  const since = recorded[1]?.time ?? "";
  const later = recorded.filter(({ time }) => time >= since);
  const replay = async (from: string, count: number): Promise<(string | undefined)[]> => {
    const words = ["--workspace", workspace, "--kind", ADDED.kind, "--since", from, "--count", String(count)];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [CLI, "audit", "tail", ...words, "--json"],
      { env: { ...server.clientEnv } },
    );
    const lines = stdout.trim().split("\n");
    return tools(lines.map((line) => JSON.parse(line) as AuditEntry));
  };
  expect(await replay("1h", 3)).toEqual(["one", "two", "three"]);
  expect(await replay(since, later.length)).toEqual(tools(later));
});

it("shows outboxes, ledgers and keys with `dome status`", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, "status", "--json"], {
    env: { ...server.clientEnv },
  });
  const status = await plane.status();
  expect(JSON.parse(stdout)).toMatchObject({
    issuer: server.url,
    audit_sink: "outbox",
    version: status.version,
  });
  expect(status.ledgers.map((ledger) => ledger.name)).toEqual([
    "default",
    "live",
    "piped",
    "replayed",
    "resumed",
    "org",
  ]);
  expect(status.ledgers.map((ledger) => [ledger.rejected, ledger.dead_letters])).toEqual(
    status.ledgers.map(() => [0, 0]),
  );
});

async function start(
  name: string,
): Promise<{ readonly id: string; readonly key: string; readonly home: string }> {
  const home = (await plane.workspaces.create({ name: `home-of-${name}` })).name;
  await plane.tools.add({ workspace: home, name: "crm" });
  const { agent, api_key } = await plane.agents.register({
    name,
    workspace: home,
    surface: { tools: ["crm"], pools: [], integrations: [] },
  });
  await plane.agents.activate({ agent: agent.id });
  return { id: agent.id, key: api_key.secret ?? "", home };
}

const types = (heard: readonly { readonly event: AgentEvent }[]): string[] =>
  heard.map(({ event }) => event.type);

/** Everything up to the end of the connection. */
async function rest(events: AsyncGenerator<HeardEvent>): Promise<string[]> {
  const heard: HeardEvent[] = [];
  for await (const each of events) heard.push(each);
  return types(heard);
}

it("tells of the agent, of its workspace's catalog, and of a halt, which ends it", async () => {
  const { id, key, home } = await start("listener");
  const client = new AgentClient({ url: server.url, token: key });
  const events = client.events();
  const next = async (): Promise<AgentEvent["type"] | undefined> =>
    ((await events.next()).value as HeardEvent | undefined)?.event.type;
  expect(await next()).toBe("state");
  await plane.keys.issue({ agent: id });
  expect(await next()).toBe("keys.changed");
  await plane.tools.update("crm", { description: "changed" }, { workspace: home });
  expect(await next()).toBe("surface.updated");
  await plane.workspaces.stop(home);
  expect(await rest(events)).toEqual(["workspace.halted"]);
});

it("is followed by `dome agents events`, which ends with the agent", async () => {
  const { id, key } = await start("follower");
  const cli = spawn(process.execPath, [CLI, "agents", "events", "--json", "--after", "0"], {
    env: { ...server.clientEnv, DOME_AGENT_KEY: key },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(cli, "exit");
  const lines: AgentEvent[] = [];
  for await (const line of createInterface({ input: cli.stdout })) {
    lines.push(JSON.parse(line) as AgentEvent);
    if (lines.length === 2) await plane.agents.suspend({ agent: id }, { drain_seconds: 600 });
    if (lines.at(-1)?.type === "agent.draining") await plane.agents.revoke({ agent: id });
  }
  expect(lines.map(({ type }) => type)).toEqual([
    "state",
    "agent.activated",
    "agent.draining",
    "agent.revoked",
  ]);
  expect((await ended)[0]).toBe(0);
});

/** The headers that call the door of the tool `server`, which a new agent declares. */
async function caller(
  name: string,
): Promise<{ readonly id: string; readonly headers: { authorization: string } }> {
  const { id, key, home } = await start(name);
  await plane.tools.add({
    workspace: home,
    name: "server",
    kind: "http",
    url: upstream.origin,
    auth: { type: "bearer" },
  });
  await plane.toolSecrets.add("server", { value: "of-the-server" }, home);
  await plane.agents.update({ agent: id }, { surface: { tools: ["server"], pools: [], integrations: [] } });
  return { id, headers: { authorization: `Bearer ${key}` } };
}

it("sends a body byte for byte through the door of a tool, with the server's credential and not the caller's (P10)", async () => {
  const { headers } = await caller("sender");
  const bytes = Buffer.from('{ "title":  "gr\u00fcn", "n": 1.50 }');
  const answer = await fetch(`${server.url}/tools/server/tickets?a=%C3%BC`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: bytes,
  });
  expect(answer.status).toBe(200);
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  const got = upstream.asked.at(-1);
  expect(got).toMatchObject({
    authorization: "Bearer of-the-server",
    "content-length": String(bytes.length),
  });
  expect(JSON.stringify(got)).not.toContain(headers.authorization.slice("Bearer ".length));
});

it("says the size of a body that passes as a stream where the caller says it, because many servers refuse one of unknown size", async () => {
  const { headers } = await caller("sized");
  const put = (body: string | ReadableStream<Uint8Array>, more: object = {}) =>
    fetch(`${server.url}/tools/server/file`, {
      method: "PUT",
      headers: { ...headers, "content-type": "text/plain" },
      body,
      ...more,
    });
  const text = "x".repeat(200_000);
  expect(await (await put(text)).text()).toBe(text);
  expect(upstream.asked.at(-1)).toMatchObject({ "content-length": "200000" });
  expect(await (await put(new Blob([text]).stream(), { duplex: "half" })).text()).toBe(text);
  expect(upstream.asked.at(-1)?.["content-length"]).toBeUndefined();
});

it("cuts a stream through the door of a tool on both sides when its agent is stopped (P3)", async () => {
  const { id, headers } = await caller("reader");
  const answer = await fetch(`${server.url}/tools/server/live`, { headers });
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  expect(Buffer.from(first?.value ?? []).toString()).toBe("data: begun\n\n");
  const [open] = upstream.live;
  const closed = once(open as ServerResponse, "close");
  const ended = reader?.read().then(
    () => "went on",
    () => "cut",
  );
  await plane.agents.suspend({ agent: id });
  expect(await ended).toBe("cut");
  await closed;
});

/** A call whose server has received it and says nothing; the caller may break its connection. */
async function waitingCall(key: string, path: string) {
  const { port, host } = new URL(server.url);
  const before = upstream.live.length;
  const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
  socket.write(`GET /tools/${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\n\r\n`);
  await vi.waitFor(() => expect(upstream.live.length).toBeGreaterThan(before), { timeout: 10_000 });
  return { socket, answer: upstream.live.at(-1) as ServerResponse };
}

describe("a caller that goes away before the server has begun its answer", () => {
  it.each([
    ["as they come", []],
    ["redacted", ["/token"]],
  ])("ends the call there, and is the reason of its outcome: answers pass %s", async (_how, redact_paths) => {
    const { id, key, home } = await start(redact_paths.length === 0 ? "leaver" : "redacted-leaver");
    const url = upstream.origin;
    await plane.tools.add({ workspace: home, name: "server", kind: "http", url, redact_paths });
    await plane.agents.update({ agent: id }, { surface: { tools: ["server"], pools: [], integrations: [] } });
    const { socket, answer } = await waitingCall(key, "server/never");
    const closed = once(answer, "close");
    socket.resetAndDestroy();
    await closed;
    const outcomes = async () => {
      const found = [];
      for await (const entry of plane.audit.list({ workspace: home, kind: "call.outcome" }))
        found.push(entry);
      return found;
    };
    await vi.waitFor(
      async () =>
        expect(await outcomes()).toMatchObject([
          { outcome: "failed", reason: "caller_gone", data: { who: "caller" } },
        ]),
      { timeout: 10_000 },
    );
  });
});

/** From socket to socket. */
describe("the length of an answer of a tool", () => {
  let home: string;
  let key: string;

  beforeAll(async () => {
    const bot = await start("measured");
    ({ home, key } = bot);
    const tool = { workspace: home, kind: "http" as const, url: upstream.origin };
    await plane.tools.add({ ...tool, name: "server" });
    await plane.tools.add({ ...tool, name: "redacting", redact_paths: ["/token"] });
    const surface = { tools: ["server", "redacting"], pools: [], integrations: [] };
    await plane.agents.update({ agent: bot.id }, { surface });
  });

  const get = (path: string, method = "GET"): Promise<RawAnswer> =>
    rawCall(Number(new URL(server.url).port), [
      `${method} /tools/${path} HTTP/1.1`,
      `Host: ${new URL(server.url).host}`,
      `Authorization: Bearer ${key}`,
    ]);

  const outcomeOf = ({ headers }: RawAnswer) =>
    vi.waitFor(
      async () => {
        const decision = headers.get("dome-decision-id");
        for await (const entry of plane.audit.list({ workspace: home, kind: "call.outcome" }))
          if (entry.decision_id === decision) return entry;
        throw new Error("no outcome yet");
      },
      { timeout: 10_000, interval: 50 },
    );

  test.each([
    ["/sized", "5", "hello"],
    ["/empty", "0", ""],
  ])(
    "keeps the length of %s, because a client that knows it can tell a whole answer from a part",
    async (path, length, body) => {
      const got = await get(`server${path}`);
      expect([got.headers.get("content-length"), got.body]).toEqual([length, body]);
      expect(await outcomeOf(got)).toMatchObject({
        outcome: "completed",
        data: { received: Number(length) },
      });
    },
  );

  test.each(["/chunked", "/packed"])("says no length for %s, which has none of its own", async (path) => {
    const got = await get(`server${path}`);
    expect([got.status, got.headers.get("content-length")]).toEqual([200, null]);
    expect(got.body).toContain(path === "/packed" ? "packed" : "hello");
  });

  it("breaks an answer that is shorter than its server said: nobody takes it for whole, and the outcome says whose fault it was", async () => {
    const got = await get("server/short");
    expect([got.headers.get("content-length"), got.body]).toEqual(["10", "hello"]);
    expect(await outcomeOf(got)).toMatchObject({
      outcome: "failed",
      reason: "upstream_lost",
      data: { who: "upstream", received: 5 },
    });
  });

  it("passes of an answer that is longer than its server said what the length says, as HTTP does", async () => {
    const got = await get("server/long");
    expect([got.headers.get("content-length"), got.body]).toEqual(["5", "hello"]);
  });

  it("passes no answer with two lengths", async () => {
    const got = await get("server/twice");
    expect(got.status).toBe(502);
  });

  it("says the length of what is left of an answer that is redacted", async () => {
    const got = await get("redacting/json");
    expect([got.headers.get("content-length"), got.body]).toEqual(["22", '{"token":"[redacted]"}']);
  });

  it("answers HEAD without a body", async () => {
    const got = await get("server/sized", "HEAD");
    expect([got.status, got.body]).toEqual([200, ""]);
    expect(await outcomeOf(got)).toMatchObject({ outcome: "completed" });
  });
});
