/** Draining: no new work at once, the stop at the deadline, whatever happens to the object in between (P3). */
/* oxlint-disable unicorn/no-thenable -- the word of the interface, and no function */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { deadlineNow } from "../support/drain-deadline.ts";
import { crash } from "../support/crash.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  agentObject,
  check,
  eventually,
  freshWorkspace,
  heard,
  operator,
  problemOf,
  requestToken,
  token,
  whenEffective,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();

async function activeAgent(more: object = {}): Promise<Registered> {
  const workspace = await freshWorkspace("drain");
  await api.addTool({ workspace, name: "crm" });
  return api.start({ name: "bot", workspace, surface: { tools: ["crm"] }, ...more });
}

const stop = (agent: Registered, command: "suspend" | "revoke", body: object) =>
  api.stop(agent.id, command, { body });

describe("an agent that drains", () => {
  it("takes no new work: 503 with Retry-After at the doors, agent_draining at the token endpoint", async () => {
    const agent = await activeAgent();
    const before = await token(agent.secret);
    const elsewhere = await anotherIsolate();
    expect(await heard(before, { tool: "crm" }, elsewhere)).toBe("permitted");

    const answer = await stop(agent, "suspend", { drain_seconds: 600, reason: "new model" });
    expect(answer).toMatchObject({
      state: "active",
      changed: true,
      halt: null,
      draining: { then: "suspended" },
    });
    expect(answer.effective_in_ms).toBeGreaterThan(600_000);
    expect(answer.effective_in_ms).toBeLessThanOrEqual(602_500);

    for (const credential of [agent.secret, before]) {
      const refused = await check(credential, { tool: "crm" });
      expect(problemOf(refused)).toMatchObject({ status: 503, code: "draining" });
      expect(refused.headers.get("retry-after")).toBe("30");
    }
    const refused = await requestToken(agent.secret);
    expect(refused).toMatchObject({ status: 400, error: "unauthorized_client", domeError: "agent_draining" });
    await eventually(async () => expect(await heard(before, { tool: "crm" }, elsewhere)).toBe(503));
    expect((await api.show(agent.id)).draining).toEqual(answer.draining);
    const { workspace } = agent.created.agent;
    await eventually(async () => {
      const [listed] = (await api.list({ workspace })).items;
      expect(listed).toMatchObject({ state: "active", draining: { then: "suspended" } });
    });
    const [entry] = await api.auditWith(1, { workspace, kind: "agent.draining" });
    expect(entry).toMatchObject({ detail: "new model", data: { end: "suspended", cascade: false } });
  });

  it("is stopped at the deadline, under the id that was told before, and waits the whole time then (P3)", async () => {
    const agent = await activeAgent();
    const { draining } = await stop(agent, "revoke", { drain_seconds: 600 });
    await deadlineNow(agent);
    const receipt = await whenEffective(async () => {
      const read = await api.halt(agent.id, draining?.halt ?? "");
      if (read.effective_at === null) throw new Error("not yet");
      return read;
    });
    expect(receipt).toMatchObject({ kind: "revoke", agents: [{ agent: agent.id, epoch: 3 }] });
    const waited = Date.parse(receipt.effective_at ?? "") - Date.parse(receipt.committed_at);
    expect(waited).toBeGreaterThanOrEqual(2500);
    expect(await api.show(agent.id)).toMatchObject({ state: "revoked", draining: null });
    expect(await heard(agent.secret, { tool: "crm" })).toBe(401);
  });

  it("is waited for with ?wait=effective from the order to the effect", async () => {
    const agent = await activeAgent();
    const answer = await api.stop(agent.id, "suspend?wait=effective", { body: { drain_seconds: 1 } });
    expect(answer).toMatchObject({ state: "suspended", effective_in_ms: 0, draining: null });
    expect(answer.halt?.effective_at).not.toBeNull();
  });

  it("goes on after its object has crashed, before and after the deadline (P3)", async () => {
    const agent = await activeAgent();
    const { draining } = await stop(agent, "suspend", { drain_seconds: 600 });
    await crash(agent.id);
    expect(problemOf(await check(agent.secret, { tool: "crm" })).code).toBe("draining");
    await deadlineNow(agent);
    await crash(agent.id);
    const halt = draining?.halt ?? "";
    await eventually(() => api.halt(agent.id, halt));
    await crash(agent.id);
    await whenEffective(async () => expect((await api.halt(agent.id, halt)).effective_at).not.toBeNull());
    expect((await api.show(agent.id)).state).toBe("suspended");
  }, 40_000);

  it("does not stop early when its timer fires early: the row decides, not the alarm", async () => {
    const agent = await activeAgent();
    await stop(agent, "suspend", { drain_seconds: 600 });
    await runInDurableObject(agentObject(agent.id), async (object, { storage }) => {
      storage.sql.exec("UPDATE timers SET due = 0 WHERE kind = 'drain'");
      await (object as unknown as { alarm(): Promise<void> }).alarm();
    });
    expect((await api.show(agent.id)).draining).not.toBeNull();
  });

  it("is stopped at once by a stop without a drain, and its drain is gone", async () => {
    const agent = await activeAgent();
    const { draining } = await stop(agent, "revoke", { drain_seconds: 600 });
    const stopped = await stop(agent, "suspend", {});
    expect(stopped).toMatchObject({ state: "suspended", draining: null, halt: { kind: "suspend" } });
    expect(stopped.halt?.id).not.toBe(draining?.halt);
    expect((await api.show(agent.id)).draining).toBeNull();
    const { workspace } = agent.created.agent;
    const [entry] = await api.auditWith(1, { workspace, kind: "agent.suspended" });
    expect(entry?.data).toEqual({ hold: true, overrides: { end: "revoked", halt: draining?.halt } });
  });

  it("takes work again when activate cancels the drain, with the tokens it had", async () => {
    const agent = await activeAgent();
    const before = await token(agent.secret);
    await stop(agent, "suspend", { drain_seconds: 600 });
    expect(await heard(before, { tool: "crm" })).toBe(503);
    const because = { body: { reason: "not needed" } };
    expect(await api.activate(agent.id, because)).toMatchObject({ changed: true, draining: null });
    expect(await heard(before, { tool: "crm" })).toBe("permitted");
    expect(problemOf(await api.call("POST", `/agents/${agent.id}/resume`, { body: {} })).status).toBe(409);
    const { workspace } = agent.created.agent;
    expect(await api.auditWith(1, { workspace, kind: "agent.drain_cancelled" })).toHaveLength(1);
  });

  it("is only ever drained faster: a second drain shortens and hardens, and never loosens", async () => {
    const agent = await activeAgent();
    const first = await stop(agent, "suspend", { drain_seconds: 600 });
    const refused = async (command: string, body: object): Promise<unknown> =>
      problemOf(await api.call("POST", `/agents/${agent.id}/${command}`, { body }));
    const conflict = { status: 409, code: "drain_conflict", members: [] };
    expect(await refused("suspend", { drain_seconds: 900 })).toEqual(conflict);
    const second = await stop(agent, "revoke", { drain_seconds: 300 });
    expect(Date.parse(second.draining?.deadline ?? "")).toBeLessThan(
      Date.parse(first.draining?.deadline ?? ""),
    );
    expect(await refused("suspend", { drain_seconds: 60 })).toEqual(conflict);
    await stop(agent, "revoke", { drain_seconds: 200, cascade: true });
    expect(await refused("revoke", { drain_seconds: 60 })).toEqual(conflict);
    expect((await api.show(agent.id)).draining).toMatchObject({ then: "revoked" });
  });

  it("is answered the same under the same Idempotency-Key (P12)", async () => {
    const agent = await activeAgent();
    const order = { body: { drain_seconds: 600 }, key: "drain-1" };
    const first = await api.stop(agent.id, "suspend", order);
    const again = await api.stop(agent.id, "suspend", order);
    expect(again.draining).toEqual(first.draining);
  });

  it("is revoked and not only suspended when its end date comes first", async () => {
    const agent = await activeAgent({ expires_at: new Date(Date.now() + 3_600_000).toISOString() });
    const { draining } = await stop(agent, "revoke", { drain_seconds: 600 });
    await runInDurableObject(agentObject(agent.id), (_object, { storage }) => {
      storage.sql.exec("UPDATE agent SET expires_at = ?", Date.now());
      storage.sql.exec("UPDATE timers SET due = ? WHERE kind = 'expire'", Date.now());
      return storage.setAlarm(Date.now());
    });
    await eventually(async () => expect((await api.show(agent.id)).state).toBe("revoked"));
    expect(await api.halt(agent.id, draining?.halt ?? "")).toMatchObject({ kind: "revoke" });
  });

  it("drains between 0 and 3600 seconds, and only while it is active", async () => {
    const agent = await activeAgent();
    for (const seconds of [-1, 3601, 1.5, "60"]) {
      const answer = await api.call("POST", `/agents/${agent.id}/suspend`, {
        body: { drain_seconds: seconds },
      });
      expect(problemOf(answer)).toMatchObject({ status: 400, members: ["drain_seconds"] });
    }
    await stop(agent, "suspend", {});
    expect(await stop(agent, "revoke", { drain_seconds: 600 })).toMatchObject({
      state: "revoked",
      draining: null,
    });
  });
});
