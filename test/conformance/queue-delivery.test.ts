/**
 * Production's way of audit records, end to end: the built Worker with `DOME_AUDIT_SINK=queue` on a real queue with a
 * real consumer and a real dead-letter queue. Nothing here is called by the test: queues deliver, alarms go off.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { AgentCreated } from "../../src/contract/agent.ts";
import type { AuditEntry } from "../../src/contract/audit.ts";
import { TEST_ADMIN_TOKEN } from "../support/fixed-secrets.ts";
import { call, startRuntime, type Runtime } from "./runtime.fixture.ts";

const ARRIVES = { timeout: 30_000, interval: 200 };

/** The Worker as it is, but for one ledger method that fails on one record, as a broken ledger would. */
const WITH_A_POISON = `
import worker, { LedgerObject as Ledger } from "./index.js";
export { AgentObject, WorkspaceObject } from "./index.js";
export default worker;
export class LedgerObject extends Ledger {
  append(records) {
    if (records.some((record) => JSON.stringify(record).includes("poison"))) throw new Error("the ledger is broken");
    return super.append(records);
  }
  deadLetters() {
    return this.ctx.storage.sql.exec("SELECT raw FROM dead_letters").toArray().map(({ raw }) => raw);
  }
}`;

let runtime: Runtime;

beforeAll(async () => {
  runtime = await startRuntime({ sink: "queue", publicUrl: "https://dome.example", entry: WITH_A_POISON });
}, 60_000);

afterAll(() => runtime.stop());

const request = <T>(method: string, path: string, credential: string, body?: object): Promise<T> =>
  call(runtime.url, method, path, credential, body);

const trail = async (query = ""): Promise<readonly AuditEntry[]> =>
  (
    await request<{ items: AuditEntry[] }>(
      "GET",
      `/api/v1/audit?readings=true&order=oldest&limit=200${query}`,
      TEST_ADMIN_TOKEN,
    )
  ).items;

/** Waits for a record that fits. */
const arrival = (query: string): Promise<AuditEntry> =>
  vi.waitFor(async () => {
    const [found] = await trail(query);
    if (found === undefined) throw new Error(`nothing yet for ${query}`);
    return found;
  }, ARRIVES);

describe("records on the queue", () => {
  let agent: AgentCreated;

  beforeAll(async () => {
    await request("POST", "/api/v1/workspaces", TEST_ADMIN_TOKEN, { name: "default" });
    await request("POST", "/api/v1/tools", TEST_ADMIN_TOKEN, { name: "crm" });
    agent = await request("POST", "/api/v1/agents", TEST_ADMIN_TOKEN, {
      name: "asker",
      surface: { tools: ["crm"] },
    });
    await request("POST", "/api/v1/agents/asker/activate", TEST_ADMIN_TOKEN);
    await request("POST", "/api/v1/check", agent.api_key.secret ?? "", { tool: "crm" });
  }, 60_000);

  it("of a change in D1, of a change in an object, and of a decision all reach the ledger", async () => {
    const d1 = await arrival("&kind=agent.registered");
    const object = await arrival("&kind=agent.activated");
    const isolate = await arrival("&kind=decision");
    expect(d1).toMatchObject({ agent: agent.agent.id, producer: `d1:${agent.agent.id}`, n: 1 });
    expect(object).toMatchObject({ agent: agent.agent.id, producer: `agent:${agent.agent.id}`, n: 1 });
    expect(isolate).toMatchObject({ agent: agent.agent.id, decision: "allow" });
    expect(isolate.producer).toMatch(/^iso:[0-9a-f]{32}$/);
    expect(await arrival("&kind=workspace.created")).toBeDefined();
  });

  it("arrive once each, however the queue delivers them", async () => {
    for (let i = 0; i < 20; i += 1)
      await request("POST", "/api/v1/check", agent.api_key.secret ?? "", { tool: "crm" });
    await vi.waitFor(async () => {
      if ((await trail("&kind=decision")).length < 21) throw new Error("not all of them yet");
    }, ARRIVES);
    const decisions = await trail("&kind=decision");
    expect(new Set(decisions.map(({ decision_id: id }) => id)).size).toBe(21);
    expect(decisions).toHaveLength(21);
    const numbers = Map.groupBy(decisions, ({ producer }) => producer);
    for (const group of numbers.values()) expect(new Set(group.map(({ n }) => n)).size).toBe(group.length);
  });

  it("that a ledger never takes are kept as dead letters, with their bodies: nothing is dropped", async () => {
    await request("POST", "/api/v1/integrations", TEST_ADMIN_TOKEN, { name: "poison" });
    const ledgers = await runtime.miniflare.getDurableObjectNamespace("LEDGER", "dome");
    const org = ledgers.get(ledgers.idFromName("org")) as unknown as { deadLetters(): Promise<string[]> };
    const letters = await vi.waitFor(async () => {
      const kept = await org.deadLetters();
      if (kept.length === 0) throw new Error("nothing was given up yet");
      return kept;
    }, ARRIVES);
    const bodies = letters.map((letter) => JSON.parse(letter) as AuditEntry);
    expect(bodies).toContainEqual(
      expect.objectContaining({
        kind: "catalog.integration_added",
        target: { type: "integration", id: "poison" },
      }),
    );
    expect(await trail("&kind=catalog.integration_added")).toEqual([]);
  }, 60_000);
});
