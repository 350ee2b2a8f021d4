/**
 * What a governed call of a tool costs over a bare proxy: a Worker on a socket of its own that passes every request on
 * and nothing else. Both are in front of the same server and take turns. CPU is that of the whole runtime per call, so
 * what is added is all that Dome does: the decision, the evidence on disk, the watchdog, the outcome.
 */
import { readFileSync } from "node:fs";
import type { RunningServer } from "../../test/support/server.ts";
import { startAlone, type Alone } from "./alone.ts";
import { CONNECTIONS } from "./check-cost.ts";
import { Clients, Connection, request, type Address } from "./load.ts";
import { callsOf, DOORS, type Calls, type Door } from "./tool-doors.ts";
import { Operator } from "./operator.ts";
import { information, median, micros, percentile, row, type Row } from "./row.ts";

const HOST = "127.0.0.1";
const ROUNDS = 20;
const WARM_UP = 4;
const ROUND_MS = 250;
/** Calls on one connection, one at a time, for the time that Dome adds. */
const SINGLE = 300;
/** Of a round that is measured for its processor time, in milliseconds. */
const CPU_ROUND_MS = 2_000;
const MOST_ADDED_MS = 1.5;

const passesOn = (origin: string): string => `export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return env.NETWORK.fetch("${origin}" + pathname + search, request);
  },
};`;

/** @param upstream the server behind the tools, which Dome may call. */
export async function governedCall(server: RunningServer, upstream: Alone): Promise<Row[]> {
  const proxy = await startAlone(passesOn(upstream.origin));
  const dome = { host: HOST, port: server.port };
  const operator = new Operator(dome, server.adminToken);
  try {
    const rows: Row[] = [];
    for (const door of DOORS) {
      const calls = await callsOf(door, { operator, dome, upstream: upstream.origin, proxy: proxy.address });
      rows.push(...(await overBare(door, calls, dome, proxy.address)));
      rows.push(...(await addedCpu(door, calls, dome, server.pids.workerd)));
    }
    return rows;
  } finally {
    await proxy.stop();
  }
}

async function overBare(
  door: Door,
  { governed, bare }: Calls,
  dome: Address,
  proxy: Address,
): Promise<Row[]> {
  const [throughDome, throughProxy] = await Promise.all([
    Clients.open(dome, CONNECTIONS),
    Clients.open(proxy, CONNECTIONS),
  ]);
  const rounds: { governed: number; bare: number }[] = [];
  try {
    for (let i = -WARM_UP; i < ROUNDS; i += 1) {
      const times = {
        governed: await throughDome.run(governed, ROUND_MS),
        bare: await throughProxy.run([bare], ROUND_MS),
      };
      if (i >= 0) rounds.push(times);
    }
  } finally {
    throughDome.close();
    throughProxy.close();
  }
  const floor = median(rounds.map((round) => round.bare));
  const cost = median(rounds.map((round) => round.governed));
  const ratio = median(rounds.map((round) => round.bare / round.governed));
  const figures = `bare ${micros(floor)}, governed ${micros(cost)}; ${CONNECTIONS} connections, 4 agents`;
  const added = await addedTimes({ governed, bare }, dome, proxy);
  return [
    row(`governed ${door.name} calls, of a bare proxy`, ratio, "at least", 0.15, figures),
    information(
      `time that Dome adds to ${door.name} calls, of one by a bare proxy`,
      added.p50 / added.bare,
      `p50 ${millis(added.p50)}, p99 ${millis(added.p99)}; one call at a time, ${SINGLE} in turns`,
    ),
  ];
}

const millis = (micro: number): string => `${(micro / 1_000).toFixed(2)} ms`;

/** Microseconds that a governed call takes longer than the bare one before it. */
async function addedTimes({ governed, bare }: Calls, dome: Address, proxy: Address) {
  const [throughDome, throughProxy] = await Promise.all([Connection.open(dome), Connection.open(proxy)]);
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
      const call = governed[i % governed.length];
      if (call === undefined) throw new Error("nothing to send");
      const without = await timed(throughProxy, bare);
      added.push((await timed(throughDome, call)) - without);
      alone.push(without);
    }
  } finally {
    throughDome.close();
    throughProxy.close();
  }
  return { p50: percentile(added, 0.5), p99: percentile(added, 0.99), bare: median(alone) };
}

/**
 * The processor time of Dome's runtime per call, over that of a trivial route of the same runtime. Only Linux tells it
 * (`/proc`): elsewhere there is no such row.
 */
async function addedCpu(door: Door, { governed }: Calls, dome: Address, workerd: number): Promise<Row[]> {
  if (process.platform !== "linux") return [];
  const clients = await Clients.open(dome, CONNECTIONS);
  const perAnswer = async (requests: readonly Buffer[]): Promise<number> => {
    const before = cpuOf(workerd);
    const wall = await clients.run(requests, CPU_ROUND_MS);
    return ((cpuOf(workerd) - before) * wall) / (CPU_ROUND_MS * 1_000);
  };
  try {
    const floor = await perAnswer([request(dome, "GET", "/healthz")]);
    const call = await perAnswer(governed);
    const figures = `a call ${call.toFixed(2)} ms, a trivial route ${floor.toFixed(2)} ms, of the whole runtime`;
    const name = `CPU that Dome adds to ${door.name} calls, of ${MOST_ADDED_MS} ms`;
    return [row(name, (call - floor) / MOST_ADDED_MS, "at most", 1, figures)];
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
