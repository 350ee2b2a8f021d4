/**
 * `kill -9` of both processes while operators change things and agents ask: the next start on the same state shows
 * every acknowledged change and every released decision, in a trail without gaps (P8).
 */
import { afterAll, expect, it } from "vitest";
import { AgentClient } from "../../src/client/agent-client.ts";
import { ControlPlane } from "../../src/client/control-plane.ts";
import type { AuditEntry } from "../../src/contract/audit.ts";
import { systemTimers } from "../../src/kernel/clock.ts";
import { endEverything, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

afterAll(endEverything);

const ROUNDS = process.env["DOME_DEEP"] === "1" ? 20 : 2;
const DECISIONS_PER_ROUND = 150;

/** What the server has acknowledged, and must therefore still know. */
interface Acknowledged {
  readonly states: Map<string, "active" | "suspended">;
  readonly decisions: Set<string>;
}

const planeOf = (server: RunningServer): ControlPlane =>
  new ControlPlane({ url: server.url, token: server.adminToken });

/** Registers, activates and suspends agents until the server is gone. */
async function operate(
  server: RunningServer,
  round: number,
  writer: number,
  seen: Acknowledged,
): Promise<void> {
  const plane = planeOf(server);
  for (let count = 0; ; count += 1) {
    const agent = `r${round}-w${writer}-${count}`;
    try {
      await plane.agents.register({ name: agent });
      await plane.agents.activate({ agent });
      seen.states.set(agent, "active");
      if (count % 2 === 0) continue;
      // From here on the state is known again only when the suspension has been acknowledged.
      seen.states.delete(agent);
      await plane.agents.suspend({ agent });
      seen.states.set(agent, "suspended");
    } catch {
      return; // killed before it was acknowledged
    }
  }
}

/** Asks for decisions until the server is gone, or has given `enough`. */
async function ask(
  server: RunningServer,
  key: string,
  seen: Acknowledged,
  enough: () => void,
): Promise<void> {
  const door = new AgentClient({ url: server.url, token: key });
  for (;;) {
    try {
      const { decision_id: id } = await door.check({ tool: "zendesk/create_ticket" });
      seen.decisions.add(id);
      if (seen.decisions.size % DECISIONS_PER_ROUND === 0) enough();
    } catch {
      return; // killed before it was released
    }
  }
}

/** Every record of the workspace, oldest first, once the trail has stopped growing without us. */
async function wholeTrail(plane: ControlPlane, wanted: ReadonlySet<string>): Promise<AuditEntry[]> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const entries: AuditEntry[] = [];
    for await (const entry of plane.audit.list({ readings: true, order: "oldest", limit: 200 }))
      entries.push(entry);
    const ids = new Set(entries.map((entry) => entry.decision_id));
    const complete = [...wanted].every((id) => ids.has(id)) && gapsOf(entries).length === 0;
    if (complete || Date.now() > deadline) return entries;
    await systemTimers.sleep(100);
  }
}

/** Producers whose numbers do not run from 1 without a gap. */
function gapsOf(entries: readonly AuditEntry[]): string[] {
  const producers = Map.groupBy(entries, (entry) => entry.producer);
  return [...producers]
    .filter(([, records]) => {
      const numbers = new Set(records.map((record) => record.n));
      return numbers.size !== records.length || Math.max(...numbers) !== records.length;
    })
    .map(([producer]) => producer);
}

it(
  "shows every acknowledged change and a trail without gaps after kill -9 under load (P8)",
  { timeout: 55_000 * ROUNDS },
  async () => {
    const folder = temporaryFolder();
    const place = { state: `${folder}/state`, home: `${folder}/home` };
    const seen: Acknowledged = { states: new Map(), decisions: new Set() };

    let server = await startServer(place);
    await planeOf(server).tools.add({ name: "zendesk" });
    const { api_key: key } = await planeOf(server).agents.register({
      name: "asker",
      surface: { tools: ["zendesk"] },
    });
    await planeOf(server).agents.activate({ agent: "asker" });

    for (let round = 0; round < ROUNDS; round += 1) {
      const running = server;
      const { promise: loaded, resolve: enough } = Promise.withResolvers<void>();
      const load = [
        ...[1, 2].map((writer) => operate(running, round, writer, seen)),
        ...[1, 2, 3, 4].map(() => ask(running, key.secret ?? "", seen, enough)),
      ];
      await loaded;
      await running.kill9();
      await Promise.all(load);
      server = await startServer({ ...place, port: running.port });
    }

    const plane = planeOf(server);
    for (const [agent, state] of seen.states) {
      expect([agent, (await plane.agents.show({ agent })).state]).toEqual([agent, state]);
    }
    const entries = await wholeTrail(plane, seen.decisions);
    const recorded = new Set(entries.map((entry) => entry.decision_id));
    expect([...seen.decisions].filter((id) => !recorded.has(id))).toEqual([]);
    expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, index) => index + 1));
    expect(gapsOf(entries)).toEqual([]);
    expect(seen.decisions.size).toBeGreaterThanOrEqual(ROUNDS * DECISIONS_PER_ROUND);
    expect(seen.states.size).toBeGreaterThan(0);
    await server.stop();
  },
);
