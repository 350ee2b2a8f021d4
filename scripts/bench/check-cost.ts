/**
 * What a check costs over a trivial route of the same server: with its evidence on disk (the server that ships), and
 * without (the laboratory). Floor and check take turns, so that what else the machine does meets both.
 */
import type { RunningServer } from "../../test/support/server.ts";
import type { Lab } from "./lab.ts";
import { Clients, type Address } from "./load.ts";
import { checksOf, floorOf, Operator, TOOL } from "./operator.ts";
import { median, micros, row, type Row } from "./row.ts";

export const CONNECTIONS = 16;
const AGENTS = 4;
const ROUNDS = 40;
const ROUND_MS = 120;

export async function checkCost(lab: Lab, server: RunningServer): Promise<Row[]> {
  const shipped = { host: "127.0.0.1", port: server.port };
  const operator = new Operator(shipped, server.adminToken);
  await operator.ask("POST", "/api/v1/tools", { name: TOOL });
  const callers = await operator.makeCallers("cost", AGENTS);
  const durable = await overFloor(shipped, checksOf(shipped, callers));
  await lab.keepEvidence(false);
  const others = await lab.operator.makeCallers("cost", AGENTS);
  const bare = await overFloor(lab.address, checksOf(lab.address, others));
  await lab.keepEvidence(true);
  return [
    row("check without the audit write, of floor", bare.ratio, "at least", 0.4, told(bare)),
    row("check with the durable audit write, of floor", durable.ratio, "at least", 0.15, told(durable)),
  ];
}

export const told = ({ floor, cost }: Cost): string =>
  `floor ${micros(floor)}, check ${micros(cost)}; ${CONNECTIONS} connections, ${AGENTS} agents`;

interface Cost {
  /** How much of the floor's rate is reached; the median of the rounds. */
  readonly ratio: number;
  /** Microseconds per answer. */
  readonly floor: number;
  readonly cost: number;
}

/** Takes turns between the floor and these requests. */
export async function overFloor(address: Address, requests: readonly Buffer[]): Promise<Cost> {
  const clients = await Clients.open(address, CONNECTIONS);
  const rounds: { floor: number; cost: number }[] = [];
  try {
    for (let i = -5; i < ROUNDS; i += 1) {
      const floor = await clients.run(floorOf(address), ROUND_MS);
      const cost = await clients.run(requests, ROUND_MS);
      if (i >= 0) rounds.push({ floor, cost }); // the first ones only warm up
    }
  } finally {
    clients.close();
  }
  return {
    ratio: median(rounds.map((each) => each.floor / each.cost)),
    floor: median(rounds.map((each) => each.floor)),
    cost: median(rounds.map((each) => each.cost)),
  };
}
