/** P3 for a whole workspace: halt, resume, receipts, and the stop that needs no database. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { jwks } from "../support/published-keys.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import { workerWithoutDatabase } from "../support/observed-bindings.ts";
import {
  call,
  eventually,
  freshWorkspace,
  heard,
  operator,
  operatorToken,
  problemOf,
  requestToken,
  token,
  whenEffective,
  worker,
  workspaceObject,
} from "../support/worker-api.ts";
import { TEST_ADMIN_TOKEN, TEST_ISSUER } from "../support/fixed-secrets.ts";
import { verifyHaltReceipt } from "../../src/tokens/halt-receipt.ts";

const api = operator();

async function homeWithAgent() {
  const home = await freshWorkspace("halted");
  await api.addTool({ workspace: home, name: "crm" });
  const agent = await api.start({ name: "bot", workspace: home, surface: { tools: ["crm"] } });
  return { home, agent, id: (await api.showWorkspace(home)).id };
}

describe("the halt of a workspace", () => {
  it("ends every agent of it, its keys and its tokens, in every isolate, and no other workspace (P3)", async () => {
    const { home, agent } = await homeWithAgent();
    const other = await homeWithAgent();
    const elsewhere = await anotherIsolate();
    const before = await token(agent.secret);
    expect(await heard(agent.secret, { tool: "crm" })).toBe("permitted");
    expect(await heard(before, { tool: "crm" }, elsewhere)).toBe("permitted");

    const halted = await api.moveWorkspace(home, "halt?wait=effective", { body: { reason: "leaked key" } });
    expect(halted).toMatchObject({ halted: true, changed: true, effective_in_ms: 0 });
    expect(halted.halt).toMatchObject({ kind: "workspace", agents: [], halt_epoch: 2, reason: "leaked key" });
    expect(halted.halt?.effective_at).not.toBeNull();

    for (const door of [worker, elsewhere]) {
      expect(await heard(agent.secret, { tool: "crm" }, door)).toBe(401);
      expect(await heard(before, { tool: "crm" }, door)).toBe(401);
    }
    expect(await heard(other.agent.secret, { tool: "crm" })).toBe("permitted");
    expect((await api.showWorkspace(home)).halted).toBe(true);
    expect((await api.show(agent.id)).state).toBe("active");
  });

  it("is not undone for older tokens by a resume: the halt epoch has moved twice (P3)", async () => {
    const { home, agent } = await homeWithAgent();
    const before = await token(agent.secret);
    await api.moveWorkspace(home, "halt");
    expect(await requestToken(agent.secret)).toMatchObject({ status: 401, error: "invalid_client" });
    expect(await api.moveWorkspace(home, "resume")).toMatchObject({
      halted: false,
      changed: true,
      halt: null,
    });
    expect(await eventuallyHeard(agent.secret)).toBe("permitted");
    expect(await heard(before, { tool: "crm" })).toBe(401);
    expect(await heard(await token(agent.secret), { tool: "crm" })).toBe("permitted");
  });

  it("becomes effective although its object is evicted in between, and its receipt proves it offline (P3)", async () => {
    const { home, agent, id } = await homeWithAgent();
    expect(await heard(agent.secret, { tool: "crm" })).toBe("permitted");
    const [last] = await api.auditWith(1, { workspace: home, kind: "decision" });
    const { halt } = await api.moveWorkspace(home, "halt");
    await evictDurableObject(workspaceObject(id));
    const haltId = halt?.id ?? "";
    const receipt = await whenEffective(async () => {
      const read = await api.workspaceHalt(home, haltId);
      if (read.effective_at === null) throw new Error("not yet");
      return read;
    });
    expect(receipt.last_admitted?.decision_id).toBe(last?.decision_id);
    const verified = await verifyHaltReceipt(receipt.receipt ?? "", {
      issuer: TEST_ISSUER,
      keys: await jwks(),
    });
    expect(verified).toMatchObject({
      ok: true,
      value: { halt: { id: haltId, kind: "workspace", halt_epoch: 2 } },
    });

    const list = await api.call("GET", `/workspaces/${home}/halts`);
    expect(list.body).toMatchObject({ items: [{ id: haltId, receipt: null }], next_cursor: null });
    expect(problemOf(await api.call("GET", `/workspaces/${home}/halts/hlt_none`)).status).toBe(404);
  });

  it("leaves its records: halted, effective, resumed", async () => {
    const { home } = await homeWithAgent();
    await api.moveWorkspace(home, "halt?wait=effective", { body: { reason: "drill" } });
    await api.moveWorkspace(home, "resume");
    const kinds = ["workspace.resumed", "halt.effective", "workspace.halted"];
    const entries = await eventually(async () => {
      const seen = (await api.audit({ workspace: home })).filter(({ kind }) => kinds.includes(kind));
      if (seen.length < 3) throw new Error("not yet");
      return seen;
    });
    expect(entries.map(({ kind }) => kind)).toEqual(kinds);
    expect(entries[2]).toMatchObject({ detail: "drill", operator: { subject: "admin", token: "admin" } });
  });

  it("is once under an Idempotency-Key, and the same one for who halts what is halted already (P12)", async () => {
    const { home } = await homeWithAgent();
    const first = await api.moveWorkspace(home, "halt", { key: "stop-1" });
    const again = await api.moveWorkspace(home, "halt", { key: "stop-1" });
    expect(again).toMatchObject({ changed: true, halt: { id: first.halt?.id } });
    expect(await api.moveWorkspace(home, "halt?wait=effective")).toMatchObject({
      halted: true,
      changed: false,
      halt: { id: first.halt?.id },
      effective_in_ms: 0,
    });
    expect(await api.moveWorkspace(home, "halt")).toMatchObject({ changed: false, halt: null });
    const other = { key: "stop-1", body: { reason: "another" } };
    expect(problemOf(await api.call("POST", `/workspaces/${home}/halt`, other)).status).toBe(422);
  });

  it("shows in lists from the registry's projection, which follows it", async () => {
    const { home } = await homeWithAgent();
    const listed = async (): Promise<boolean | undefined> => {
      const { body } = await api.call("GET", "/workspaces?limit=200");
      const { items } = body as { items: { name: string; halted: boolean }[] };
      return items.find(({ name }) => name === home)?.halted;
    };
    await api.moveWorkspace(home, "halt");
    await eventually(async () => expect(await listed()).toBe(true));
    await api.moveWorkspace(home, "resume");
    await eventually(async () => expect(await listed()).toBe(false));
  });
});

describe("an emergency stop while the database is down", () => {
  const down = workerWithoutDatabase();
  const admin = operator(TEST_ADMIN_TOKEN, down);

  it("halts a workspace by its id, with a receipt, and is effective (P3)", async () => {
    const { id, agent } = await homeWithAgent();
    expect(await heard(agent.secret, { tool: "crm" })).toBe("permitted");
    const halted = await withoutTables(() => admin.moveWorkspace(id, "halt?wait=effective"));
    expect(halted).toMatchObject({ halted: true, effective_in_ms: 0 });
    expect(await admin.workspaceHalt(id, halted.halt?.id ?? "")).toMatchObject({ kind: "workspace" });
    expect(await heard(agent.secret, { tool: "crm" })).toBe(401);
    expect((await api.showWorkspace(id)).halted).toBe(true);
  });

  it("suspends an agent by its id, with a receipt, and is effective (P3)", async () => {
    const { agent } = await homeWithAgent();
    expect(await heard(agent.secret, { tool: "crm" })).toBe("permitted");
    const stopped = await withoutTables(() => admin.stop(agent.id, "suspend?wait=effective"));
    expect(stopped).toMatchObject({ state: "suspended", effective_in_ms: 0 });
    expect((await admin.halt(agent.id, stopped.halt?.id ?? "")).effective_at).not.toBeNull();
    expect(await heard(agent.secret, { tool: "crm" })).toBe(401);
  });

  it("reaches nothing by a name, and nothing that never was", async () => {
    const { home } = await homeWithAgent();
    expect(
      (await call(down, TEST_ADMIN_TOKEN, "POST", `/api/v1/workspaces/${home}/halt`, { body: {} })).status,
    ).toBe(503);
    const nobody = "wsp_00000000000000000000000000";
    expect(
      (await call(down, TEST_ADMIN_TOKEN, "POST", `/api/v1/workspaces/${nobody}/halt`, { body: {} })).status,
    ).toBe(503);
  });
});

describe("who may halt", () => {
  it.each([
    ["admin", 202],
    ["security", 202],
    ["operator", 403],
    ["developer", 403],
    ["auditor", 403],
  ] as const)("%s: %i", async (role, status) => {
    const { home } = await homeWithAgent();
    const as = operator(await operatorToken({ subject: `${role}@example.com`, role, workspaces: [home] }));
    expect((await as.call("POST", `/workspaces/${home}/halt`, { body: {} })).status).toBe(status);
  });

  it("does not tell a foreign workspace from one that never was (P11)", async () => {
    const { home } = await homeWithAgent();
    const mine = await freshWorkspace("mine");
    const as = operator(
      await operatorToken({ subject: "s@example.com", role: "security", workspaces: [mine] }),
    );
    for (const name of [home, "never-was"]) {
      expect(problemOf(await as.call("POST", `/workspaces/${name}/halt`, { body: {} }))).toMatchObject({
        status: 404,
      });
      expect(problemOf(await as.call("GET", `/workspaces/${name}/halts`)).status).toBe(404);
    }
    expect((await api.showWorkspace(home)).halted).toBe(false);
  });
});

describe("the description of a workspace", () => {
  it("changes under the epoch that was read, and under no other", async () => {
    const home = await freshWorkspace("described");
    const read = await api.call("GET", `/workspaces/${home}`);
    const etag = read.headers.get("etag") ?? "";
    const path = `/workspaces/${home}`;
    const changed = await api.call("PATCH", path, {
      body: { description: "one" },
      headers: { "if-match": etag },
    });
    expect(changed).toMatchObject({ status: 200, body: { description: "one", config_epoch: 2 } });
    const late = await api.call("PATCH", path, {
      body: { description: "two" },
      headers: { "if-match": etag },
    });
    expect(problemOf(late)).toMatchObject({ status: 412, code: "precondition_failed" });
    expect(await api.showWorkspace(home)).toMatchObject({ description: "one", config_epoch: 2 });
    expect((await api.call("PATCH", path, { body: { description: null } })).body).toMatchObject({
      description: null,
    });
    expect(problemOf(await api.call("PATCH", path, { body: { name: "other" } })).status).toBe(400);
    const [entry] = await api.auditWith(1, { workspace: home, kind: "workspace.updated" });
    expect(entry?.data).toMatchObject({ changed: ["description"] });
  });

  it("changes once under an Idempotency-Key (P12)", async () => {
    const home = await freshWorkspace("described");
    const once = () =>
      api.call("PATCH", `/workspaces/${home}`, { body: { description: "one" }, key: "describe" });
    const [first, second] = [await once(), await once()];
    expect(second.body).toEqual(first.body);
    expect((await api.showWorkspace(home)).config_epoch).toBe(2);
  });
});

/** The objects' own database is gone as well: the tables are out of everybody's reach while `act` runs. */
async function withoutTables<T>(act: () => Promise<T>): Promise<T> {
  const rename = (from: string, to: string) => env.DB.prepare(`ALTER TABLE ${from} RENAME TO ${to}`).run();
  await rename("agents", "agents_away");
  await rename("workspaces", "workspaces_away");
  try {
    return await act();
  } finally {
    await rename("workspaces_away", "workspaces");
    await rename("agents_away", "agents");
  }
}

const eventuallyHeard = (secret: string): Promise<string | number> =>
  eventually(async () => {
    const reason = await heard(secret, { tool: "crm" });
    if (reason === 401) throw new Error("not yet");
    return reason;
  });
