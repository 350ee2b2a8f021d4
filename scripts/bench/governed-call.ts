/**
 * What a governed call of a tool costs over a bare proxy: a Worker on a socket of its own that passes every request on
 * and nothing else. Both are in front of the same server and take turns. CPU is that of the whole runtime per call, so
 * what is added is all that Dome does: the decision, the evidence on disk, the watchdog, the outcome.
 */
import { readFileSync } from "node:fs";
import { Log, LogLevel, Miniflare } from "miniflare";
import { freePort, type RunningServer } from "../../test/support/server.ts";
import { CONNECTIONS } from "./check-cost.ts";
import { Clients, Connection, request, type Address } from "./load.ts";
import { Operator } from "./operator.ts";
import { information, median, micros, percentile, row, type Row } from "./row.ts";

const HOST = "127.0.0.1";
const ROUNDS = 20;
const WARM_UP = 4;
const ROUND_MS = 250;
/** Calls on one connection, one at a time, for the time that Dome adds. */
const SINGLE = 300;
const MOST_ADDED_MS = 1.5;
const TOOL = "orders";
const QUESTION = { text: "what is governed is a call like this one", number: 4711 };

const ANSWERS = `export default {
  async fetch(request) {
    await request.arrayBuffer();
    return Response.json({ answer: "a short one", items: [1, 2, 3] });
  },
};`;

const passesOn = (origin: string): string => `export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return env.NETWORK.fetch("${origin}" + pathname + search, request);
  },
};`;

/** A Worker alone in its runtime, on a socket of its own. */
export interface Alone {
  readonly address: Address;
  readonly origin: string;
  stop(): Promise<void>;
}

/** The server behind the tool. Start it before Dome, which has to be told that its origin may be called. */
export const startUpstream = (): Promise<Alone> => startAlone(ANSWERS);

async function startAlone(text: string): Promise<Alone> {
  const port = await freePort();
  const runtime = new Miniflare({
    host: HOST,
    port: 0,
    cf: {},
    logRequests: false,
    telemetry: { enabled: false },
    enableDevRegistry: false,
    log: new Log(LogLevel.ERROR),
    workers: [
      {
        config: {
          name: "alone",
          compatibilityDate: "2026-10-20",
          manifest: { mainModule: "index.js", modules: { "index.js": { type: "esm", contents: text } } },
          env: { NETWORK: { type: "network", allow: ["public", "private"] } },
        },
        dev: { unsafeDirectSockets: [{ host: HOST, port }] },
      },
    ],
  });
  await runtime.ready;
  return { address: { host: HOST, port }, origin: `http://${HOST}:${port}`, stop: () => runtime.dispose() };
}

export async function governedCall(server: RunningServer, upstream: Alone): Promise<Row[]> {
  const proxy = await startAlone(passesOn(upstream.origin));
  try {
    const dome = { host: HOST, port: server.port };
    const operator = new Operator(dome, server.adminToken);
    await operator.ask("POST", "/api/v1/tools", { name: TOOL, kind: "http", url: upstream.origin });
    const callers = await operator.makeCallers("governed", 4, { surface: { tools: [TOOL] } });
    const calls = callers.map(({ token }) =>
      request(dome, "POST", `/tools/${TOOL}/orders`, { bearer: token, json: QUESTION }),
    );
    const bare = [request(proxy.address, "POST", "/orders", { json: QUESTION })];
    return await compared({ calls, bare, dome, proxy: proxy.address, server });
  } finally {
    await proxy.stop();
  }
}

interface Compared {
  readonly calls: readonly Buffer[];
  readonly bare: readonly Buffer[];
  readonly dome: Address;
  readonly proxy: Address;
  readonly server: RunningServer;
}

async function compared({ calls, bare, dome, proxy, server }: Compared): Promise<Row[]> {
  const [governed, direct] = await Promise.all([
    Clients.open(dome, CONNECTIONS),
    Clients.open(proxy, CONNECTIONS),
  ]);
  const rounds: { governed: number; bare: number }[] = [];
  try {
    for (let i = -WARM_UP; i < ROUNDS; i += 1) {
      const times = {
        governed: await governed.run(calls, ROUND_MS),
        bare: await direct.run(bare, ROUND_MS),
      };
      if (i >= 0) rounds.push(times);
    }
  } finally {
    governed.close();
    direct.close();
  }
  const cost = median(rounds.map((round) => round.governed));
  const floor = median(rounds.map((round) => round.bare));
  const ratio = median(rounds.map((round) => round.bare / round.governed));
  const added = await addedTimes({ calls, bare, dome, proxy });
  const [first] = calls;
  if (first === undefined) throw new Error("nobody calls");
  return [
    row(
      "governed HTTP tool call, of a bare proxy",
      ratio,
      "at least",
      0.15,
      `bare ${micros(floor)}, governed ${micros(cost)}; ${CONNECTIONS} connections, 4 agents`,
    ),
    ...(await addedCpu(server, dome, calls)),
    information(
      "time that Dome adds to an HTTP tool call, of one by a bare proxy",
      added.p50 / added.bare,
      `p50 ${(added.p50 / 1_000).toFixed(2)} ms, p99 ${(added.p99 / 1_000).toFixed(2)} ms; one call at a time, ${SINGLE} in turns`,
    ),
  ];
}

/** Microseconds that a governed call takes longer than the bare one before it. */
async function addedTimes({ calls, bare, dome, proxy }: Omit<Compared, "server">) {
  const [governed, direct] = await Promise.all([Connection.open(dome), Connection.open(proxy)]);
  const timed = async (connection: Connection, bytes: Buffer): Promise<number> => {
    const start = performance.now();
    const { status, body } = await connection.send(bytes);
    if (status !== 200) throw new Error(`status ${status} instead of 200: ${body.slice(0, 300)}`);
    return (performance.now() - start) * 1_000;
  };
  const added: number[] = [];
  const alone: number[] = [];
  try {
    for (let i = 0; i < SINGLE; i += 1) {
      const [call, plain] = [calls[i % calls.length], bare[0]];
      if (call === undefined || plain === undefined) throw new Error("nothing to send");
      const without = await timed(direct, plain);
      added.push((await timed(governed, call)) - without);
      alone.push(without);
    }
  } finally {
    governed.close();
    direct.close();
  }
  return { p50: percentile(added, 0.5), p99: percentile(added, 0.99), bare: median(alone) };
}

/**
 * The processor time of Dome's runtime per call, over that of a trivial route of the same runtime. Only Linux tells it
 * (`/proc`): elsewhere there is no such row.
 */
async function addedCpu({ pids }: RunningServer, dome: Address, calls: readonly Buffer[]): Promise<Row[]> {
  if (process.platform !== "linux") return [];
  const clients = await Clients.open(dome, CONNECTIONS);
  try {
    const perAnswer = async (requests: readonly Buffer[]): Promise<number> => {
      const ms = 2_000;
      const before = cpuOf(pids.workerd);
      const wall = await clients.run(requests, ms);
      return ((cpuOf(pids.workerd) - before) * wall) / (ms * 1_000);
    };
    const floor = await perAnswer([request(dome, "GET", "/healthz")]);
    const call = await perAnswer(calls);
    return [
      row(
        `CPU that a governed HTTP tool call adds, of ${MOST_ADDED_MS} ms`,
        (call - floor) / MOST_ADDED_MS,
        "at most",
        1,
        `a call ${call.toFixed(2)} ms, a trivial route ${floor.toFixed(2)} ms, of the whole runtime`,
      ),
    ];
  } finally {
    clients.close();
  }
}

/** Milliseconds of processor time that a process has used; the kernel counts in ticks of 10 ms (proc(5), USER_HZ). */
function cpuOf(pid: number): number {
  const [, after = ""] = /\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "latin1")) ?? [];
  const fields = after.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
