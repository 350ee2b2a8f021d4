/**
 * A ledger fills up while many agents ask: no decision is released without its record, none at all once the ledger is
 * full, and whoever has to be stopped can be. Records that had to wait arrive when the capacity is raised (P8).
 */
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { AgentClient } from "../../src/client/agent-client.ts";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { ApiError } from "../../sdk/typescript/src/errors.ts";
import type { AuditEntry } from "../../src/contract/audit.ts";
import { systemTimers } from "../../src/kernel/clock.ts";
import { endEverything, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

afterAll(endEverything);

const CAPACITY = 4_000_000;
const AT_ONCE = 24;
const FULL = "The audit ledger is full";

const planeOf = (server: RunningServer): ControlPlane =>
  new ControlPlane({ url: server.url, token: server.adminToken, retries: 0 });

/** Asks until one answer is no decision. @returns what that was. */
async function askUntilRefused(server: RunningServer, key: string, released: Set<string>): Promise<unknown> {
  const door = new AgentClient({ url: server.url, token: key, retries: 0 });
  for (;;) {
    try {
      const { decision_id: id } = await door.check({ tool: "zendesk/create_ticket" });
      released.add(id);
    } catch (refused) {
      return refused;
    }
  }
}

async function wholeTrail(plane: ControlPlane, isWhole: (entries: readonly AuditEntry[]) => boolean) {
  for (let tries = 0; ; tries += 1) {
    const entries: AuditEntry[] = [];
    for await (const entry of plane.audit.list({ readings: true, order: "oldest", limit: 200 }))
      entries.push(entry);
    if (isWhole(entries) || tries === 100) return entries;
    await systemTimers.sleep(200);
  }
}

/** Decisions that nothing says were withheld. */
const unwithheld = (entries: readonly AuditEntry[]): number =>
  entries.filter(({ kind }) => kind === "decision").length -
  entries.filter(({ kind }) => kind === "decision.withheld").length;

const problemOf = (fault: unknown) =>
  fault instanceof ApiError
    ? { status: fault.status, detail: fault.message }
    : { status: 0, detail: String(fault) };

it("loses no record of a released decision, and releases none once it is full; stops commit (P8)", async () => {
  const home = temporaryFolder();
  const place = { state: join(home, "state"), home };
  const small = await startServer({ ...place, env: { DOME_LEDGER_CAPACITY: String(CAPACITY) } });
  const plane = planeOf(small);
  const agents = ["first", "second"];
  const keys: string[] = [];
  for (const agent of agents) {
    const { api_key: key } = await plane.agents.register({ name: agent });
    await plane.agents.activate({ agent });
    keys.push(key.secret ?? "");
  }

  const released = new Set<string>();
  const ends = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, i) => askUntilRefused(small, keys[i % keys.length] ?? "", released)),
  );
  for (const end of ends) expect(problemOf(end)).toMatchObject({ status: 503 });
  expect(problemOf(ends.at(-1)).detail).toContain(FULL);
  expect(released.size).toBeGreaterThan(1_000);

  // Full is full, for every door, and for configuration.
  const late = new Set<string>();
  const again = await Promise.all(
    Array.from({ length: 20 }, () => askUntilRefused(small, keys[0] ?? "", late)),
  );
  expect(late.size).toBe(0);
  expect(new Set(again.map((end) => problemOf(end).status))).toEqual(new Set([503]));
  expect(
    problemOf(await plane.agents.register({ name: "third" }).catch((fault: unknown) => fault)).detail,
  ).toContain(FULL);
  const token = await fetch(`${small.url}/api/v1/auth/token`, {
    method: "POST",
    headers: { authorization: `Bearer ${keys[0]}`, "content-type": "application/x-www-form-urlencoded" },
    body: "grant_type=client_credentials",
  });
  expect([token.status, await token.json()]).toEqual([
    503,
    { error: "temporarily_unavailable", error_description: expect.stringContaining(FULL) as string },
  ]);
  const status = await plane.status();
  expect(status.ledgers.find(({ name }) => name === "default")).toMatchObject({
    evidence: "full",
    capacity: CAPACITY,
  });

  // A stop needs no room in the ledger.
  await plane.agents.suspend({ agent: "first" }, { reason: "while the ledger is full" });
  await small.stop();

  const large = await startServer({ ...place, env: { DOME_LEDGER_CAPACITY: String(10 * CAPACITY) } });
  const after = planeOf(large);
  const entries = await wholeTrail(after, (found) => {
    const decided = new Set(found.map((entry) => entry.decision_id));
    return (
      [...released].every((id) => decided.has(id)) &&
      unwithheld(found) === released.size &&
      found.some(({ kind }) => kind === "agent.suspended")
    );
  });
  const recorded = new Set(entries.map((entry) => entry.decision_id));
  expect([...released].filter((id) => !recorded.has(id))).toEqual([]);
  expect(entries.filter(({ kind }) => kind === "agent.suspended")).toHaveLength(1);
  // What was recorded and not released says so.
  expect(unwithheld(entries)).toBe(released.size);

  // And it goes on by itself: nobody has to tell it that there is room again.
  await expect
    .poll(
      async () =>
        (
          await new AgentClient({ url: large.url, token: keys[1] ?? "" }).check({
            tool: "zendesk/create_ticket",
          })
        ).decision,
    )
    .toBeDefined();
  await large.stop();
});
