/**
 * A ledger says how full it is, before evidence is lost (P8): operators hear of it while everything goes on, and the object
 * of its workspace carries it in its lease. That of the installation counts for the installation alone.
 */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { operatorCreated } from "../../src/contract/operator.ts";
import type { RawEnv } from "../../src/env.ts";
import { bindingsWithLedgersFilledTo } from "../support/faulty-objects.ts";
import { workerWith } from "../support/observed-bindings.ts";
import {
  freshWorkspace,
  heard,
  operator,
  problemOf,
  workspaceObject,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const ask = { tool: "crm" };
const lines: string[] = [];
let home: string;
let homeId: string;
let bot: Registered;

beforeEach(async () => {
  for (const level of ["warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line) => void lines.push(String(line)));
  }
  home = await freshWorkspace();
  homeId = (await api.addTool({ name: "crm", workspace: home })).workspace_id;
  bot = await api.start({ name: "bot", workspace: home, surface: { tools: ["crm"] } });
  await api.auditWith(3, { workspace: home });
});

afterEach(async () => {
  lines.length = 0;
  vi.restoreAllMocks();
  for (const owner of [homeId, "org"]) {
    await workspaceObject(owner).noteEvidence({ level: "ok", at: Date.now() });
  }
});

/** Lets a ledger look how full it is, and tell whose object it has to. */
async function looks(bindings: RawEnv, ledger: string): Promise<void> {
  const namespace = bindings.LEDGER as typeof bindings.LEDGER & DurableObjectNamespace;
  const stub = namespace.get(namespace.idFromName(ledger)) as unknown as { alarm(): Promise<void> };
  await stub.alarm();
}

it("tells operators at 70 % in the log and in `status`, and goes on with everything", async () => {
  const bindings = bindingsWithLedgersFilledTo(0.75);
  await looks(bindings, homeId);
  expect(lines.join("\n")).toContain(`"event":"ledger.evidence_alarm","ledger":"${homeId}"`);
  const status = await operator(undefined, workerWith(bindings)).call("GET", "/status");
  expect((status.body as { readonly ledgers: readonly object[] }).ledgers).toContainEqual(
    expect.objectContaining({ ledger: homeId, evidence: "alarm" }),
  );
  expect((await workspaceObject(homeId).lease()).evidence).toBe("alarm");
  expect(await heard(bot.secret, ask)).toBe("permitted");
  expect((await api.update(bot.id, { description: "goes on" })).agent.description).toBe("goes on");
});

it("decides and configures nothing at 95 %, because its record could not be kept, and names the setting", async () => {
  await looks(bindingsWithLedgersFilledTo(0.96), homeId);
  expect(lines.join("\n")).toContain(`"event":"ledger.evidence_full","ledger":"${homeId}"`);
  expect((await workspaceObject(homeId).lease()).evidence).toBe("full");
  const changed = await api.call("PATCH", `/agents/${bot.id}`, { body: { description: "no" } });
  expect(problemOf(changed)).toMatchObject({ status: 503, code: "unavailable" });
  expect(JSON.stringify(changed.body)).toContain("DOME_LEDGER_CAPACITY");
  const [reached] = await api.auditWith(1, { workspace: home, kind: "agent.activated" });
  expect(reached?.agent).toBe(bot.id);
});

it("counts for the installation alone where the ledger is the installation's: agents go on", async () => {
  const body = { subject: "leaver@example.com", role: "auditor", workspaces: [home] };
  const made = operatorCreated.parse((await api.call("POST", "/operators", { body })).body);
  await looks(bindingsWithLedgersFilledTo(0.96), "org");
  expect((await workspaceObject("org").lease()).evidence).toBe("full");
  const late = await api.call("POST", "/operators", { body: { ...body, subject: "late@example.com" } });
  expect(problemOf(late)).toMatchObject({ status: 503, code: "unavailable" });
  expect((await api.call("DELETE", `/operators/${made.operator_token.id}`)).status).toBe(200);
  expect(await heard(bot.secret, ask)).toBe("permitted");
});
