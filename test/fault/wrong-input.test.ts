/**
 * A long run of wrong input at every door of a real server: messages and headers that were changed anywhere, servers that
 * lie, answers without an end, clients that go away, and stops in the middle. Whatever happens, Dome does not fail; and
 * when all of it is over, no call, no connection and no act is left. `DOME_DEEP=1` makes it long; `DOME_SEED` repeats one.
 */
import { randomInt } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { LIES, SILENT } from "../support/http-api/lies.ts";
import { MESSAGE_LIES } from "../support/http-api/mcp.ts";
import { serveHttpApi, type HttpApi } from "../support/http-api/serve.ts";
import { exchange, type Exchanged } from "../support/http-exchange.ts";
import { modernRequest } from "../support/mcp-client-request.ts";
import { connectionsOf } from "../support/raw-http.ts";
import { endEverything, startServer, type RunningServer } from "../support/server.ts";

const DEEP = process.env["DOME_DEEP"] === "1";
const CALLS = DEEP ? 20_000 : 400;
const CLIENTS = 12;
/** After so many calls of others a client leaves a call that may have no end; a stop counts as many. */
const PATIENCE = 20;
const SEED = Number(process.env["DOME_SEED"] ?? randomInt(2 ** 31));

/** Mulberry32: the same numbers for the same seed. */
function dice(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    below,
    oneIn: (count: number): boolean => below(count) === 0,
    of: <T>(items: readonly T[]): T => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error("nothing to choose from");
      return item;
    },
  };
}
type Dice = ReturnType<typeof dice>;

interface Call {
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const WORDS = [
  "null",
  "[]",
  "{}",
  '"',
  "\\u0000",
  "1e999",
  "9007199254740993",
  "tools/list",
  "say",
  "\n",
  "%2F",
  ";",
  "\u00ff",
];
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  "mcp-method": ["tools/call", "tools/list", "x", ""],
  "mcp-name": ["say", "another", "=?base64?!?=", ""],
  "mcp-protocol-version": ["2026-07-28", "2025-11-25", "1999-01-01"],
  "mcp-session-id": ["x", "the-only-session"],
  accept: ["*/*;q=0", "application/json", "text/event-stream", "x"],
  "content-type": [
    "text/plain",
    "application/json; charset=utf-16",
    "multipart/form-data",
    "application/json, x/y",
  ],
  "content-encoding": ["gzip", "x"],
  "last-event-id": ["1", "x"],
  range: ["bytes=0-1", "x"],
  origin: ["https://evil.example"],
  upgrade: ["websocket"],
  expect: ["100-continue"],
};

const edited = (roll: Dice, text: string): string => {
  const at = roll.below(text.length + 1);
  return text.slice(0, at) + roll.of([...WORDS, "", "a".repeat(10_000)]) + text.slice(at + roll.below(20));
};

function changed(roll: Dice, call: Call): Call {
  switch (roll.below(6)) {
    case 0:
      return { ...call, body: edited(roll, call.body) };
    case 1: {
      const name = roll.of(Object.keys(HEADERS));
      return { ...call, headers: { ...call.headers, [name]: roll.of(HEADERS[name] ?? [""]) } };
    }
    case 2: {
      const { [roll.of(["accept", ...Object.keys(call.headers)])]: _gone, ...headers } = call.headers;
      return { ...call, headers };
    }
    case 3:
      return { ...call, method: roll.of(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]) };
    case 4:
      return {
        ...call,
        path:
          call.path + roll.of(["/..", "//", "?a=1&a=2", "/%2e%2e", "?x=%zz", "/%00", ";a", "?separator=__"]),
      };
    default:
      return {
        ...call,
        headers: { ...call.headers, authorization: roll.of(["Bearer x", "Basic eDp5", "Bearer dome_ak_x"]) },
      };
  }
}

let [api, server, plane]: [HttpApi | null, RunningServer | null, ControlPlane | null] = [null, null, null];
const WORKSPACE = "fuzzed";
const MCP = ["modern", "legacy"] as const;

interface Agent {
  readonly id: string;
  readonly key: string;
}
const agents: Agent[] = [];
const sessions = new Map<string, string>();

const started = () => {
  if (api === null || server === null || plane === null) throw new Error("nothing runs");
  return { api, server, plane };
};

beforeAll(async () => {
  api = await serveHttpApi();
  server = await startServer({ args: ["--egress-allow", api.origin] });
  plane = new ControlPlane({ url: server.url, token: server.adminToken });
  await plane.workspaces.create({ name: WORKSPACE });
  const at = { workspace: WORKSPACE };
  await plane.tools.add({
    ...at,
    name: "shop",
    kind: "http",
    url: api.origin,
    openapi: `${api.origin}/openapi.json`,
  });
  await plane.tools.add({ ...at, name: "bare", kind: "http", url: api.origin });
  for (const name of MCP)
    await plane.tools.add({ ...at, name, kind: "mcp", url: `${api.origin}/mcp/${name}` });
  for (const name of ["shop", ...MCP]) await plane.toolOperations.refresh(name, {}, { workspace: WORKSPACE });
  for (let at = 0; at < 6; at += 1) {
    const surface = { tools: ["shop", "bare", ...MCP], pools: [], integrations: [] };
    const made = { name: `agent-${at}`, workspace: WORKSPACE, tier: "standard", surface } as const;
    const { agent, api_key } = await plane.agents.register(made);
    await plane.agents.activate({ agent: agent.id });
    agents.push({ id: agent.id, key: api_key.secret ?? "" });
  }
}, 60_000);

afterAll(async () => {
  await endEverything();
  api?.close();
});

/** A call that is right, of any door and era; what it asks the server for may be a lie. */
function rightCall(
  roll: Dice,
  agent: Agent,
  mayLast: boolean,
): { readonly call: Call; readonly lasts: boolean } {
  const how = roll.of([...LIES, ...MESSAGE_LIES, "truth", "truth"]);
  const lasts = how.startsWith("endless") || SILENT.includes(how);
  if (lasts && !mayLast) return rightCall(roll, agent, mayLast);
  const authorization = `Bearer ${agent.key}`;
  const place = roll.of(["shop", "bare", "mcp/modern", "mcp/legacy", "mcp"]);
  if (place === "shop" || place === "bare") {
    const path = roll.of([`/lies/${how}`, "/orders/7", "/bytes/300000", "/events/50", "/digest"]);
    const [method, body] = path === "/digest" ? ["POST", "a".repeat(roll.below(200_000))] : ["GET", ""];
    const headers: Record<string, string> =
      body === "" ? { authorization } : { authorization, "content-type": "application/octet-stream" };
    return {
      call: { path: `/tools/${place}${path}`, method, headers, body },
      lasts: lasts && path.startsWith("/lies"),
    };
  }
  const name = place === "mcp" ? `${roll.of(MCP)}.say` : "say";
  const method = roll.of(["tools/call", "tools/call", "tools/call", "tools/list", "resources/list", "ping"]);
  const params = method === "tools/call" ? { name, arguments: { how } } : {};
  const session = sessions.get(`${agent.id} ${place}`);
  if (roll.oneIn(2) && session !== undefined) {
    const legacy = { accept: "application/json, text/event-stream", "content-type": "application/json" };
    const headers = {
      ...legacy,
      authorization,
      "mcp-protocol-version": "2025-11-25",
      "mcp-session-id": session,
    };
    const body = JSON.stringify({ jsonrpc: "2.0", id: roll.below(9), method, params });
    return { call: { path: `/${place}`, method: "POST", headers, body }, lasts };
  }
  const { headers, body } = modernRequest(method, params, roll.below(9));
  return { call: { path: `/${place}`, method: "POST", headers: { ...headers, authorization }, body }, lasts };
}

const bodyOf = ({ method, body }: Call): Iterable<Buffer> =>
  body === "" || method === "GET" || method === "HEAD" ? [] : [Buffer.from(body)];

async function initialize(url: string, agent: Agent, place: string): Promise<void> {
  const params = {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "fuzz", version: "1" },
  };
  const answered = await exchange(`${url}/${place}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${agent.key}`,
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
    },
    body: [Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params }))],
  });
  const session = answered.headers["mcp-session-id"];
  if (typeof session === "string") sessions.set(`${agent.id} ${place}`, session);
}

/**
 * Dome lets nothing pass that its objects have not confirmed in time (P3), and a machine without a free processor may not
 * confirm it. Then it says so, and the same call is judged a moment later: only a call that never is, is a fault.
 */
const isUndecided = ({ status, text }: Exchanged): boolean =>
  status === 503 && text.includes('"code":"unavailable"');
const MOST_REPEATS = 30;

/** What the server has logged of the request that was answered so. */
function logOf({ text }: Exchanged): string {
  const id = /req_[0-9a-z]{26}/.exec(text)?.[0];
  const lines = started().server.logs().split("\n");
  return lines.filter((line) => id !== undefined && line.includes(id)).join("\n");
}

/**
 * What no answer may be: a failure of Dome's, or one that shows a credential. An answer to HEAD says only its status, and
 * 503 is also that of a server whose circuit is open.
 */
function faultOf({ method }: Call, { status, text }: Exchanged): string | null {
  if (agents.some(({ key }) => text.includes(key))) return "shows a credential";
  if (text.includes('"code":"internal"') || status === 500) return `fails at Dome: ${text.slice(0, 300)}`;
  if (status < 500 || method === "HEAD") return null;
  return text.includes('"who":"upstream"') ? null : `is ${status} of Dome: ${text.slice(0, 300)}`;
}

it(
  `of any kind never makes Dome fail, and leaves nothing open (seed ${SEED})`,
  { timeout: DEEP ? 3_000_000 : 240_000 },
  async () => {
    const { api: upstream, server: dome, plane: control } = started();
    const roll = dice(SEED);
    for (const agent of agents)
      for (const place of ["mcp", "mcp/modern", "mcp/legacy"]) await initialize(dome.url, agent, place);
    await expect.poll(async () => (await upstream.counts()).sockets, { timeout: 10_000 }).toBe(0);
    const idle = connectionsOf(dome.pids.workerd);
    const faults: string[] = [];
    const statuses: Record<string, number> = {};
    const leaving = new Set<{ readonly at: number; leave(): void }>();
    let [begun, done, working, undecided] = [0, 0, CLIENTS, 0];

    const passed = (calls: number): void => {
      done += calls;
      for (const each of leaving) if (done >= each.at) each.leave();
    };

    const one = async (client: number): Promise<void> => {
      const agent = roll.of(agents);
      const { call, lasts } = rightCall(roll, agent, client > 2);
      let sent = call;
      for (let change = roll.below(4); change > 1; change -= 1) sent = changed(roll, sent);
      const gone = new AbortController();
      const patience = {
        at: done + (lasts ? PATIENCE : roll.oneIn(6) ? roll.below(3) : 10 * PATIENCE),
        leave: () => gone.abort(),
      };
      leaving.add(patience);
      const { method, headers } = sent;
      const ask = (): Promise<Exchanged | string> =>
        exchange(`${dome.url}${sent.path}`, {
          method,
          headers,
          body: bodyOf(sent),
          signal: gone.signal,
        }).catch((fault: unknown) => String(fault));
      let answered = await ask();
      for (let repeats = 0; repeats < MOST_REPEATS; repeats += 1) {
        if (typeof answered === "string" || !isUndecided(answered)) break;
        undecided += 1;
        answered = await ask();
      }
      leaving.delete(patience);
      passed(1);
      if (typeof answered === "string") {
        statuses[answered.slice(0, 60)] = (statuses[answered.slice(0, 60)] ?? 0) + 1;
        return;
      }
      statuses[answered.status] = (statuses[answered.status] ?? 0) + 1;
      const fault = faultOf(sent, answered);
      if (fault !== null) faults.push(`${JSON.stringify(sent).slice(0, 500)} ${fault} ${logOf(answered)}`);
    };
    const client = async (at: number): Promise<void> => {
      while (begun < CALLS) {
        begun += 1;
        await one(at);
      }
      working -= 1;
    };
    const stops = async (): Promise<void> => {
      for (const mayStop = (): boolean => working === 0; !mayStop();) {
        const agent = roll.of(agents);
        await control.agents.suspend({ agent: agent.id }, {}, "effective");
        await control.agents.resume({ agent: agent.id }, { reason: "the run goes on" });
        await initialize(dome.url, agent, roll.of(["mcp", "mcp/modern", "mcp/legacy"]));
        passed(PATIENCE);
      }
    };
    await Promise.all([stops(), ...Array.from({ length: CLIENTS }, (_none, at) => client(at))]);
    console.log(`seed ${SEED}: ${JSON.stringify(statuses)}, undecided ${undecided}`);

    // A client that left while its server was silent is noticed at the server's time limit at the latest. A stop cuts the rest.
    for (const { id } of agents) await control.agents.suspend({ agent: id }, {}, "effective");
    await expect.poll(async () => (await upstream.counts()).open, { timeout: 60_000 }).toBe(0);
    await expect.poll(async () => (await upstream.counts()).sockets, { timeout: 15_000 }).toBe(0);
    await expect.poll(() => connectionsOf(dome.pids.workerd), { timeout: 15_000 }).toBeLessThanOrEqual(idle);
    const open = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const each of control.audit.open({ workspace: WORKSPACE }))
        found.push(each.decision_id ?? "");
      return found;
    };
    await expect.poll(open, { timeout: 30_000 }).toEqual([]);
    // Last, because a fault says nothing of what is left open.
    expect(faults).toEqual([]);
  },
);
