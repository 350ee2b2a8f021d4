/**
 * How long an agent is still admitted after it was stopped. The stop goes to one isolate and the calls to the other, which
 * learns of it only by its leases: the case that a deployment over many machines has. Stops fall at different ages of the
 * leases. Counted from the commit in the receipt to the arrival of the last allow, both by the clock of this machine.
 */
import type { Lab } from "./lab.ts";
import { Connection, request, type Address } from "./load.ts";
import { OPERATION, type Caller } from "./operator.ts";
import { percentile, row, seconds, type Row } from "./row.ts";

const AGENTS = 12;
const CLIENTS_PER_AGENT = 2;
const ROUNDS = 4;
const PAUSE_MS = 20;
const CALLING_MS = 800;
const SPREAD_MS = 800;
const LONGEST_MS = 8_000;
export const BOUND_MS = 2_600;

interface Stop {
  /** From the commit, in milliseconds. */
  readonly lastAllow: number;
  readonly effective: number;
  readonly allowedAfter: number;
}

export async function stopLatency(lab: Lab): Promise<Row> {
  const callers = await lab.operator.makeCallers("stopped", AGENTS);
  const stops: Stop[] = [];
  await lab.keepEvidence(false);
  for (let round = 0; round < ROUNDS; round += 1) {
    stops.push(...(await Promise.all(callers.map((caller, i) => stopOne(lab, caller, i)))));
    for (const { id } of callers)
      await lab.operator.ask("POST", `/api/v1/agents/${id}/resume`, { reason: "the bench goes on" });
  }
  await lab.keepEvidence(true);
  const late = stops.filter(({ allowedAfter }) => allowedAfter > 0).length;
  const p99 = percentile(
    stops.map(({ lastAllow }) => lastAllow),
    0.99,
  );
  const effective = percentile(
    stops.map((stop) => stop.effective),
    0.99,
  );
  const measured =
    `${seconds(p99)} of ${seconds(BOUND_MS)}, effective at ${seconds(effective)}; ` +
    `${stops.length} stops of ${AGENTS} agents, ${CLIENTS_PER_AGENT} clients each, ${late} with an allow after effective`;
  const found = row(
    "last admitted call after a stop, p99 of the bound",
    p99 / BOUND_MS,
    "at most",
    1,
    measured,
  );
  return { ...found, ok: found.ok && late === 0 };
}

async function stopOne(lab: Lab, caller: Caller, place: number): Promise<Stop> {
  const token = await lab.operator.tokenFor(caller.key);
  const allowed: number[] = [];
  const done = new AbortController();
  const calls = Array.from({ length: CLIENTS_PER_AGENT }, () =>
    callUntil(done.signal, lab.second, token, allowed),
  );
  await pause(CALLING_MS + (place * SPREAD_MS) / AGENTS);
  const { halt } = await lab.operator.ask<{ halt: { committed_at: string; effective_at: string } }>(
    "POST",
    `/api/v1/agents/${caller.id}/suspend?wait=effective`,
    {},
  );
  await pause(10 * PAUSE_MS);
  done.abort();
  await Promise.all(calls);
  const [committed, effective] = [Date.parse(halt.committed_at), Date.parse(halt.effective_at)];
  if (allowed.length === 0) throw new Error(`${caller.name} was never allowed anything`);
  return {
    lastAllow: Math.max(0, Math.max(...allowed) - committed),
    effective: effective - committed,
    allowedAfter: allowed.filter((time) => time > effective).length,
  };
}

/** Notes when each allow arrived. */
async function callUntil(
  done: AbortSignal,
  address: Address,
  token: string,
  allowed: number[],
): Promise<void> {
  const check = request(address, "POST", "/api/v1/check", { bearer: token, json: { tool: OPERATION } });
  const connection = await Connection.open(address);
  const end = Date.now() + LONGEST_MS;
  try {
    while (!done.aborted && Date.now() < end) {
      const { status, body } = await connection.send(check);
      if (status === 200 && body.includes('"decision":"allow"')) allowed.push(Date.now());
      await pause(PAUSE_MS);
    }
  } finally {
    connection.close();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
