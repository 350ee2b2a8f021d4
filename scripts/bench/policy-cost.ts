/**
 * What policies cost a check: those of the slice, by their number; those of the installation that concern other agents,
 * which should cost nothing; and a slice that is not among the sets that the engine keeps.
 *
 * Every policy of an agent is in its slice and is evaluated: it names the operation that is checked, and has a condition
 * that no request meets.
 */
import type { RunningServer } from "../../test/support/server.ts";
import { systemTimers } from "../../src/kernel/clock.ts";
import { overFloor, told } from "./check-cost.ts";
import type { Lab } from "./lab.ts";
import { ask, Clients } from "./load.ts";
import { checksOf, OPERATION, Operator, type Caller } from "./operator.ts";
import { information, median, micros, row, type Row } from "./row.ts";

const AGENTS = 4;
const CONNECTIONS = 16;
const ROUNDS = 30;
const WARM_UP = 6;
const ROUND_MS = 120;
/** Policies of an agent where the number of agents varies. */
const EACH = 10;
/** Policies in the installation. */
const SIZES = [100, 1_000, 10_000];
/** Agents that call, so that their policies are in the memory of the isolate; those of others are rows in D1. */
const MOST_CALLERS = 100;
/** More slices than the engine keeps sets. */
const TOO_MANY_SLICES = 160;

/** @param name of the agent: sets of equal policies would be one. */
const policiesOf = (name: string, count: number): string =>
  Array.from(
    { length: count },
    (_, i) =>
      `@id("p-${i}") forbid (principal, action, resource == Dome::LocalTool::"${OPERATION}") when { principal.name == "not-${name}-${i}" && context.chain.depth > 20 };\n`,
  ).join("");

/** Pushes so many policies to each agent, and waits until they are in force everywhere. */
async function govern(operator: Operator, callers: readonly Caller[], count: number): Promise<void> {
  let wait = 0;
  for (const { name } of callers) {
    const path = `/api/v1/policies/agent:${name}`;
    await operator.ask("POST", `${path}/versions`, { source: policiesOf(name, count) });
    const answer = await operator.ask<{ effective_in_ms: number }>("POST", `${path}/activate`, {});
    wait = answer.effective_in_ms;
  }
  await systemTimers.sleep(wait);
}

async function governed(
  operator: Operator,
  prefix: string,
  agents: number,
  count: number,
): Promise<Caller[]> {
  const callers = await operator.makeCallers(prefix, agents);
  await govern(operator, callers, count);
  return callers;
}

/** A check with 1 and with 50 policies in its slice, without its evidence and with it on disk. */
export async function policiesInSlice(lab: Lab, server: RunningServer): Promise<Row[]> {
  const shipped = { host: "127.0.0.1", port: server.port };
  const operator = new Operator(shipped, server.adminToken);
  const rows: Row[] = [];
  await lab.keepEvidence(false);
  for (const count of [1, 50]) {
    const callers = await governed(lab.operator, `slice-${count}`, AGENTS, count);
    const cost = await overFloor(lab.address, checksOf(lab.address, callers));
    const name = `check without the audit write, ${policies(count)} in the slice, of floor`;
    rows.push(row(name, cost.ratio, "at least", 0.4, told(cost)));
  }
  await lab.keepEvidence(true);
  const callers = await governed(operator, "slice-50", AGENTS, 50);
  const durable = await overFloor(shipped, checksOf(shipped, callers));
  const name = `check with the durable audit write, ${policies(50)} in the slice, of floor`;
  return [...rows, row(name, durable.ratio, "at least", 0.15, told(durable))];
}

const policies = (count: number): string => (count === 1 ? "1 policy" : `${count} policies`);

/**
 * Time per check of one agent with ten policies, alone with them in one laboratory, and in the other among ever more agents
 * with ten policies each.
 */
export async function manyPolicies(small: Lab, large: Lab): Promise<Row[]> {
  const labs = [small, large] as const;
  const [alone, among] = await Promise.all(labs.map((lab) => governed(lab.operator, "policy", 1, EACH)));
  const requests = [checksOf(small.address, alone ?? []), checksOf(large.address, among ?? [])] as const;
  const others = await large.operator.makeCallers("policy-other", MOST_CALLERS - 1);
  const rows: Row[] = [];
  let real = 0;
  await Promise.all(labs.map((lab) => lab.keepEvidence(false)));
  for (const size of SIZES) {
    const wanted = Math.min(size / EACH, MOST_CALLERS) - 1;
    await govern(large.operator, others.slice(real, wanted), EACH);
    real = Math.max(real, wanted);
    await addBundles(large, "policy-1", size / EACH - 1 - real);
    const { ratio, few, many } = await inTurns(
      labs,
      requests,
      checksOf(large.address, others.slice(0, real)),
    );
    const name = `time per check, 10 → ${size.toLocaleString("en")} policies in the installation`;
    const measured = `${micros(few)}, ${micros(many)}; ${real + 1} agents call, ${EACH} policies each, no audit write`;
    rows.push(
      size === SIZES.at(-1) ? row(name, ratio, "at most", 1.2, measured) : information(name, ratio, measured),
    );
  }
  await Promise.all(labs.map((lab) => lab.keepEvidence(true)));
  return rows;
}

/** @param others what is sent to the second laboratory before each round, so that the policies of others are in use. */
async function inTurns(
  labs: readonly [Lab, Lab],
  requests: readonly [readonly Buffer[], readonly Buffer[]],
  others: readonly Buffer[],
): Promise<{ ratio: number; few: number; many: number }> {
  const clients = await Promise.all(labs.map((lab) => Clients.open(lab.address, CONNECTIONS)));
  const times: [number, number][] = [];
  try {
    for (let i = -WARM_UP; i < ROUNDS; i += 1) {
      await clients[1]?.run(others, ROUND_MS);
      const round: [number, number] = [Number.NaN, Number.NaN];
      for (const place of i % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const))
        round[place] = (await clients[place]?.run(requests[place], ROUND_MS)) ?? Number.NaN;
      if (i >= 0) times.push(round); // the first ones only warm up
    }
  } finally {
    for (const each of clients) each.close();
  }
  const ratio = median(times.map(([few, many]) => many / few));
  return { ratio, few: median(times.map(([few]) => few)), many: median(times.map(([, many]) => many)) };
}

/** Bundles of agents that never call, as a push and an activation write them. */
async function addBundles({ database, workspace }: Lab, like: string, count: number): Promise<void> {
  const db = await database;
  const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  if (count < 1) return;
  await db.batch([
    db
      .prepare(
        `INSERT INTO policy_bundles (id, scope, workspace_id, name, latest, active)
         ${numbers} SELECT printf('agt_p%025d', i), 'agent', ?, printf('policy-row-%d', i), 1, 1 FROM n`,
      )
      .bind(workspace),
    db
      .prepare(
        `INSERT INTO policy_versions (bundle, number, digest, source, compiled, policies, pushed_by, pushed_at)
         ${numbers} SELECT printf('agt_p%025d', i), 1, v.digest, v.source, v.compiled, v.policies, 'bench', 0
         FROM n, policy_versions v JOIN policy_bundles b ON b.id = v.bundle AND v.number = 1
         WHERE b.scope = 'agent' AND b.name = ? AND b.workspace_id = ?`,
      )
      .bind(like, workspace),
  ]);
}

/** Hits and misses of the sets that the engine keeps: slices of fewer agents than there are sets, and of more. */
export async function setCache(lab: Lab): Promise<Row[]> {
  const callers = await governed(lab.operator, "set", TOO_MANY_SLICES, EACH);
  await lab.keepEvidence(false);
  const clients = await Clients.open(lab.address, CONNECTIONS);
  try {
    const rows: Row[] = [];
    for (const agents of [MOST_CALLERS, TOO_MANY_SLICES]) {
      const requests = checksOf(lab.address, callers.slice(0, agents));
      for (const each of requests) await ask(lab.address, each);
      const before = await lab.sets();
      const time = await clients.run(requests, ROUNDS * ROUND_MS);
      const after = await lab.sets();
      const [hits, misses] = [after.hits - before.hits, after.misses - before.misses];
      const measured = `${hits} hits, ${misses} misses, ${micros(time)} per check; ${EACH} policies in each slice`;
      rows.push(
        information(
          `misses of the sets of policies per check, ${agents} agents`,
          misses / (hits + misses),
          measured,
        ),
      );
    }
    return rows;
  } finally {
    clients.close();
    await lab.keepEvidence(true);
  }
}
