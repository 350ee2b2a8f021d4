/**
 * Time per check in a workspace of 100 agents and in one of many. Two laboratories take turns. In both, 100 agents were
 * registered through the API and call in turn; the rest of the large one are rows that a statement wrote into D1, as
 * registration writes them, without objects: they are there to be in the way, and never call.
 */
import type { Lab } from "./lab.ts";
import { Clients } from "./load.ts";
import { checksOf } from "./operator.ts";
import { median, micros, row, type Row } from "./row.ts";

const CALLERS = 100;
const CONNECTIONS = 16;
const ROUNDS = 12;
const ROUND_MS = 300;
const ROWS_PER_STATEMENT = 10_000;

/** @param total how many agents the large workspace has. */
export async function manyAgents(small: Lab, large: Lab, total: number): Promise<Row> {
  const labs = [small, large];
  const callers = await Promise.all(labs.map((lab) => lab.operator.makeCallers("caller", CALLERS)));
  await addRows(large, total - CALLERS);
  const requests = labs.map((lab, i) => checksOf(lab.address, callers[i] ?? []));
  const clients = await Promise.all(labs.map((lab) => Clients.open(lab.address, CONNECTIONS)));
  const times: number[][] = [];
  try {
    await Promise.all(labs.map((lab) => lab.keepEvidence(false)));
    for (let i = -3; i < ROUNDS; i += 1) {
      const round: number[] = [];
      for (const [place, each] of clients.entries())
        round.push(await each.run(requests[place] ?? [], ROUND_MS));
      if (i >= 0) times.push(round); // the first three only warm up
    }
    await Promise.all(labs.map((lab) => lab.keepEvidence(true)));
  } finally {
    for (const each of clients) each.close();
  }
  const of = (place: number): number => median(times.map((round) => round[place] ?? Number.NaN));
  const ratio = median(times.map(([few = Number.NaN, many = Number.NaN]) => many / few));
  const measured = `${micros(of(0))}, ${micros(of(1))}; ${CALLERS} of them call, no audit write; the others are rows in D1`;
  const name = `time per check, 100 → ${total.toLocaleString("en")} agents in the workspace`;
  return row(name, ratio, "at most", 1.1, measured);
}

async function addRows({ database, workspace }: Lab, count: number): Promise<void> {
  const db = await database;
  for (let from = 0; from < count; from += ROWS_PER_STATEMENT) {
    const to = Math.min(count, from + ROWS_PER_STATEMENT);
    const numbers = `WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${to})`;
    await db.batch([
      db
        .prepare(
          `INSERT INTO agents (id, workspace_id, name, owner, created_at, state_changed_at, object_started_at, tier, state)
           ${numbers} SELECT printf('agt_%026d', i), ?, printf('row-%d', i), 'bench', 0, 0, 0, 'standard', 'active' FROM n`,
        )
        .bind(workspace),
      db.prepare(
        `INSERT INTO agent_surfaces (agent_id, kind, name)
         ${numbers} SELECT printf('agt_%026d', i), 'tool', 'zendesk' FROM n`,
      ),
      db.prepare(
        `INSERT INTO api_keys (id, agent_id, digest, root_key_version, last4, created_at)
         ${numbers} SELECT printf('key_%026d', i), printf('agt_%026d', i), lower(hex(randomblob(32))), 'bench', '0000', 0 FROM n`,
      ),
    ]);
  }
}
