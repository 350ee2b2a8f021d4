/**
 * This build against an older one: the embedded servers of both run side by side and take turns, so that what else the
 * machine does meets both. Requests a second are compared as they are, not as shares of a floor: the floor itself changes.
 */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { startServer, type RunningServer } from "../../test/support/server.ts";
import { CONNECTIONS } from "./check-cost.ts";
import { exchangeOf } from "./exchange-cost.ts";
import { Clients, request, type Address } from "./load.ts";
import { checksOf, floorOf, Operator, TOOL } from "./operator.ts";
import { information, median, row, type Row } from "./row.ts";

const AGENTS = 4;
const ROUNDS = 15;
const WARM_UP = 3;
const ROUND_MS = 300;
const AT_LEAST = 0.95;

const WHAT = ["check", "token", "exchange", "trivial route"] as const;
type Requests = Readonly<Record<(typeof WHAT)[number], readonly Buffer[]>>;

interface Side {
  readonly clients: Clients;
  readonly requests: Requests;
}

/**
 * @param older a checkout of an older version, with its packages installed. It is built first.
 * @returns a row per kind of request: this build's rate over the older one's.
 */
export async function against(older: string): Promise<Row[]> {
  const root = resolve(older);
  execFileSync(process.execPath, [join(root, "scripts/build.ts"), "--quiet"], {
    cwd: root,
    stdio: "inherit",
  });
  const servers = [await startServer(), await startServer({ root })];
  const sides: Side[] = [];
  try {
    for (const server of servers) sides.push(await sideOf(server));
    const [mine, theirs] = sides as [Side, Side];
    const rows: Row[] = [];
    for (const what of WHAT) rows.push(await compare(what, mine, theirs));
    return rows;
  } finally {
    for (const { clients } of sides) clients.close();
    for (const server of servers) await server.stop();
  }
}

async function compare(what: (typeof WHAT)[number], mine: Side, theirs: Side): Promise<Row> {
  const rounds: { mine: number; theirs: number }[] = [];
  for (let i = -WARM_UP; i < ROUNDS; i += 1) {
    const round = {
      mine: await mine.clients.run(mine.requests[what], ROUND_MS),
      theirs: await theirs.clients.run(theirs.requests[what], ROUND_MS),
    };
    if (i >= 0) rounds.push(round);
  }
  const ratio = median(rounds.map((round) => round.theirs / round.mine));
  const rate = (side: "mine" | "theirs"): string =>
    `${Math.round(1_000_000 / median(rounds.map((round) => round[side])))}/s`;
  const name = `${what}: requests/s of this build against the older one`;
  const told = `${rate("mine")}, older ${rate("theirs")}; ${CONNECTIONS} connections, median of ${ROUNDS} rounds`;
  return what === "trivial route"
    ? information(name, ratio, told)
    : row(name, ratio, "at least", AT_LEAST, told);
}

async function sideOf({ port, adminToken }: RunningServer): Promise<Side> {
  const address: Address = { host: "127.0.0.1", port };
  const operator = new Operator(address, adminToken);
  await operator.ask("POST", "/api/v1/tools", { name: TOOL });
  const callers = await operator.makeCallers("against", AGENTS);
  const form = "grant_type=client_credentials";
  return {
    clients: await Clients.open(address, CONNECTIONS),
    requests: {
      check: checksOf(address, callers),
      token: callers.map(({ key }) => request(address, "POST", "/api/v1/auth/token", { bearer: key, form })),
      exchange: [await exchangeOf(address, operator)],
      "trivial route": floorOf(address),
    },
  };
}
