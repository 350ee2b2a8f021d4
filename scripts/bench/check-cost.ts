/**
 * What a check costs over a trivial route of the same server: with its evidence on disk (the server that ships), and
 * without (the laboratory). Floor and check take turns, so that what else the machine does meets both.
 */
import type { RunningServer } from "../../test/support/server.ts";
import type { Lab } from "./lab.ts";
import { Clients, type Address } from "./load.ts";
import { checksOf, floorOf, Operator, TOOL, type Caller } from "./operator.ts";
import { median, micros, row, type Row } from "./row.ts";

const CONNECTIONS = 16;
const AGENTS = 4;
const ROUNDS = 12;
const ROUND_MS = 300;

export async function checkCost(lab: Lab, server: RunningServer): Promise<Row[]> {
  const shipped = { host: "127.0.0.1", port: server.port };
  const operator = new Operator(shipped, server.adminToken);
  await operator.ask("POST", "/api/v1/tools", { name: TOOL });
  const durable = await overFloor(shipped, await operator.makeCallers("cost", AGENTS));
  await lab.keepEvidence(false);
  const bare = await overFloor(lab.address, await lab.operator.makeCallers("cost", AGENTS));
  await lab.keepEvidence(true);
  return [
    row("check without the audit write, of floor", bare.ratio, "at least", 0.4, bare.measured),
    row("check with the durable audit write, of floor", durable.ratio, "at least", 0.2, durable.measured),
  ];
}

/** @returns how much of the floor's rate the checks reach; the median of the rounds. */
async function overFloor(
  address: Address,
  callers: readonly Caller[],
): Promise<{ ratio: number; measured: string }> {
  const clients = await Clients.open(address, CONNECTIONS);
  const rounds: { floor: number; check: number }[] = [];
  try {
    for (let i = -2; i < ROUNDS; i += 1) {
      const floor = await clients.run(floorOf(address), ROUND_MS);
      const check = await clients.run(checksOf(address, callers), ROUND_MS);
      if (i >= 0) rounds.push({ floor, check }); // the first two only warm up
    }
  } finally {
    clients.close();
  }
  const floor = median(rounds.map((each) => each.floor));
  const check = median(rounds.map((each) => each.check));
  return {
    ratio: median(rounds.map((each) => each.floor / each.check)),
    measured: `floor ${micros(floor)}, check ${micros(check)}; ${CONNECTIONS} connections, ${AGENTS} agents`,
  };
}
