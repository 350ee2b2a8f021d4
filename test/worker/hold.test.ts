/**
 * A stop by security holds: who has stopped an agent because of an incident finds it stopped, whatever a deployment that
 * starts agents has done meanwhile. Only the roles `security` and `admin` lift a hold, and they say why (P3).
 */
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { agent as agentSchema } from "../../src/contract/agent.ts";
import { problem } from "../../src/contract/problem.ts";
import { deadlineNow } from "../support/drain-deadline.ts";
import { crash } from "../support/crash.ts";
import {
  agentObject,
  eventually,
  freshWorkspace,
  like,
  operator,
  operatorToken,
  problemOf,
  type Answer,
  type OperatorApi,
  type Registered,
} from "../support/worker-api.ts";

const admin = operator();
const SECURITY = "sam@example.com";
let home: string;
let security: OperatorApi;
let runner: OperatorApi;
let developer: OperatorApi;
let agents = 0;

beforeAll(async () => {
  home = await freshWorkspace("hold");
  security = operator(await operatorToken({ subject: SECURITY, role: "security" }));
  runner = operator(await operatorToken({ subject: "ops@example.com", role: "operator" }));
  developer = operator(await operatorToken({ subject: "dev@example.com", role: "developer" }));
});

const running = (more: object = {}): Promise<Registered> =>
  admin.start({ name: `bot-${(agents += 1)}`, workspace: home, owner: "dev@example.com", ...more });

const ask = (api: OperatorApi, agent: Registered, command: string, body: object = {}): Promise<Answer> =>
  api.call("POST", `/agents/${agent.id}/${command}`, { body });

const REFUSED = { status: 403, code: "held" };

const held = async (agent: Registered) => {
  const { state, hold } = await admin.show(agent.id);
  return { state, by: hold?.by ?? null, reason: hold?.reason ?? null };
};

describe("a suspension", () => {
  it.each([
    ["security", () => security, SECURITY],
    ["admin", () => admin, "admin"],
  ] as const)(
    "by the role %s is a hold: who holds it, since when and why is shown",
    async (_role, api, by) => {
      const agent = await running();
      const answer = await api().stop(agent.id, "suspend", { body: { reason: "incident 7" } });
      expect(answer).toMatchObject({ state: "suspended", changed: true, held: true });
      const { hold, state_changed_at: since } = await admin.show(agent.id);
      expect(hold).toMatchObject({ by, reason: "incident 7" });
      expect(hold !== null && hold.since >= since).toBe(true);
      await eventually(async () => {
        const { items } = await admin.list({ workspace: home, limit: "200" });
        expect(items.find(({ id }) => id === agent.id)?.hold).toEqual(hold);
      });
      const [record] = await admin.auditWith(1, {
        workspace: home,
        agent: agent.id,
        kind: "agent.suspended",
      });
      expect(record).toMatchObject({ data: { hold: true } });
    },
  );

  it.each([
    ["operator", () => runner],
    ["developer", () => developer],
  ] as const)("by the role %s is none, unless it says so", async (_role, api) => {
    const plain = await running();
    expect(await api().stop(plain.id, "suspend")).toMatchObject({ held: false });
    expect(await held(plain)).toEqual({ state: "suspended", by: null, reason: null });
    expect((await ask(runner, plain, "resume")).status).toBe(200);
    const asked = await running();
    expect(await api().stop(asked.id, "suspend", { body: { hold: true } })).toMatchObject({ held: true });
    expect(problemOf(await ask(runner, asked, "resume", { reason: "again" }))).toMatchObject(REFUSED);
  });

  it("is never undone by activate, held or not: the refusal names resume", async () => {
    for (const [api, held] of [
      [runner, false],
      [security, true],
    ] as const) {
      const agent = await running();
      expect(await api.stop(agent.id, "suspend")).toMatchObject({ held });
      for (const starter of [runner, admin]) {
        const answer = await ask(starter, agent, "activate", { reason: "deployed" });
        expect(problemOf(answer)).toMatchObject({ status: 409, code: "invalid_transition" });
        expect(problem.parse(answer.body).detail).toContain("dome agents resume");
      }
      expect((await admin.show(agent.id)).state).toBe("suspended");
    }
  });
});

describe("a stop of what is suspended already", () => {
  it("adds the hold without another halt, once, and the first one stands", async () => {
    const agent = await running();
    const first = await runner.stop(agent.id, "suspend", { body: { reason: "a look" } });
    const second = await security.stop(agent.id, "suspend", { body: { reason: "incident 7" } });
    expect(second).toMatchObject({
      state: "suspended",
      changed: true,
      held: true,
      halt: { id: first.halt?.id },
    });
    expect(await admin.stop(agent.id, "suspend", { body: { reason: "later" } })).toMatchObject({
      changed: false,
      held: true,
    });
    expect(await held(agent)).toEqual({ state: "suspended", by: SECURITY, reason: "incident 7" });
    const { items } = (await admin.call("GET", `/agents/${agent.id}/halts`)).body as { items: object[] };
    expect(items).toHaveLength(1);
    const records = await admin.auditWith(1, { workspace: home, agent: agent.id, kind: "agent.held" });
    expect(records).toEqual([expect.objectContaining({ detail: "incident 7" })]);
  });

  it("by who holds nothing leaves the hold as it is", async () => {
    const agent = await running();
    await security.stop(agent.id, "suspend", { body: { reason: "incident 7" } });
    expect(await runner.stop(agent.id, "suspend")).toMatchObject({ changed: false, held: true });
    expect(await held(agent)).toMatchObject({ by: SECURITY });
  });

  it("is answered as the first time under one key, and adds nothing (P12)", async () => {
    const agent = await running();
    await runner.stop(agent.id, "suspend");
    const options = { key: "hold-once", body: { reason: "incident 7" } };
    const first = await security.stop(agent.id, "suspend", options);
    expect(await security.stop(agent.id, "suspend", options)).toMatchObject({
      changed: first.changed,
      held: true,
    });
    expect(await admin.auditWith(1, { workspace: home, agent: agent.id, kind: "agent.held" })).toHaveLength(
      1,
    );
  });
});

describe("lifting a hold", () => {
  it("takes a role that does, and a reason; what was refused leaves the agent as it was", async () => {
    const agent = await running();
    await security.stop(agent.id, "suspend", { body: { reason: "incident 7" } });
    const byRole = await ask(runner, agent, "resume", { reason: "the deployment is done" });
    expect(problemOf(byRole)).toEqual({ ...REFUSED, members: [] });
    const { detail } = problem.parse(byRole.body);
    expect(detail).toContain(`${SECURITY} has held the agent since `);
    expect(detail).toContain("A token with the role admin or security can lift the hold.");
    expect(problemOf(await ask(security, agent, "resume"))).toEqual({ ...REFUSED, members: ["reason"] });
    expect(await held(agent)).toMatchObject({ state: "suspended", by: SECURITY });

    expect(await security.resume(agent.id, { body: { reason: "mended" } })).toMatchObject({
      state: "active",
      changed: true,
      held: false,
    });
    expect(await held(agent)).toEqual({ state: "active", by: null, reason: null });
    const [record] = await admin.auditWith(1, { workspace: home, agent: agent.id, kind: "agent.resumed" });
    expect(record).toMatchObject({
      detail: "mended",
      data: { lifted: { by: SECURITY, since: like(/^\d{4}-/) } },
    });
  });

  it("wants no reason where nothing is held, and writes down the one that is given", async () => {
    const agent = await running();
    await runner.stop(agent.id, "suspend");
    expect((await ask(runner, agent, "resume")).status).toBe(200);
    const fresh = await admin.register({ name: `bot-${(agents += 1)}`, workspace: home });
    expect((await ask(runner, fresh, "activate", { reason: "release 4" })).status).toBe(200);
    const [record] = await admin.auditWith(1, { workspace: home, agent: fresh.id, kind: "agent.activated" });
    expect(record?.detail).toBe("release 4");
  });

  it("is over with it: the next suspension by an operator is none", async () => {
    const agent = await running();
    await security.stop(agent.id, "suspend");
    await security.resume(agent.id);
    expect(await runner.stop(agent.id, "suspend")).toMatchObject({ held: false });
    expect((await ask(runner, agent, "resume")).status).toBe(200);
  });

  it("is not what a revocation does: that is final, and nothing is held any more (P5)", async () => {
    const agent = await running();
    await security.stop(agent.id, "suspend");
    expect(await runner.stop(agent.id, "revoke")).toMatchObject({ state: "revoked", held: false });
    expect(await held(agent)).toEqual({ state: "revoked", by: null, reason: null });
  });

  it("is refused after the object has crashed too (P3)", async () => {
    const agent = await running();
    await security.stop(agent.id, "suspend");
    await crash(agent.id);
    expect(problemOf(await ask(runner, agent, "resume", { reason: "again" }))).toMatchObject(REFUSED);
  });
});

describe("a drain that security has ordered", () => {
  const drained = async (by: OperatorApi, body: object, command: "suspend" | "revoke" = "suspend") => {
    const agent = await running();
    const answer = await by.stop(agent.id, command, {
      body: { drain_seconds: 600, reason: "incident 8", ...body },
    });
    return { agent, draining: answer.draining };
  };
  const suspended = (agent: Registered): Promise<void> =>
    eventually(async () => expect((await admin.show(agent.id)).state).toBe("suspended"));

  it("ends in a hold", async () => {
    const { agent, draining } = await drained(security, {});
    expect(draining?.hold).toBe(true);
    expect(agentSchema.shape.draining.parse((await admin.show(agent.id)).draining)).toMatchObject({
      hold: true,
    });
    await deadlineNow(agent);
    await suspended(agent);
    expect(await held(agent)).toMatchObject({ by: SECURITY, reason: "incident 8" });
  });

  it.each(["suspend", "revoke"] as const)(
    "to %s is cancelled by nobody else, and by these only with a reason",
    async (command) => {
      const { agent } = await drained(security, {}, command);
      expect(problemOf(await ask(runner, agent, "activate", { reason: "deployed" }))).toEqual({
        ...REFUSED,
        members: [],
      });
      expect(problemOf(await ask(admin, agent, "activate"))).toEqual({ ...REFUSED, members: ["reason"] });
      const because = { body: { reason: "not needed" } };
      expect(await admin.activate(agent.id, because)).toMatchObject({ state: "active", changed: true });
    },
  );

  it("of an operator is cancelled by an operator", async () => {
    const { agent, draining } = await drained(runner, {});
    expect(draining?.hold).toBe(false);
    expect((await ask(runner, agent, "activate")).status).toBe(200);
  });

  it("holds as well when somebody else makes it shorter, or stops the agent now", async () => {
    const shorter = await drained(security, {});
    await runner.stop(shorter.agent.id, "suspend", { body: { drain_seconds: 300 } });
    await deadlineNow(shorter.agent);
    await suspended(shorter.agent);
    expect(await held(shorter.agent)).toMatchObject({ by: SECURITY, reason: "incident 8" });
    const now = await drained(security, {}, "revoke");
    expect(await developer.stop(now.agent.id, "suspend")).toMatchObject({ state: "suspended", held: true });
    expect(await held(now.agent)).toMatchObject({ by: SECURITY, reason: "incident 8" });
  });

  it("with its descendants takes these along also when somebody stops the agent alone before the deadline", async () => {
    const { agent } = await drained(security, { cascade: true });
    const child = await running({ parent: null });
    await admin.update(child.id, { parent: agent.id });
    await runner.stop(agent.id, "suspend");
    await suspended(child);
    expect(await held(child)).toMatchObject({ by: "ops@example.com" });
    expect(problemOf(await ask(runner, child, "resume", { reason: "again" }))).toMatchObject(REFUSED);
  });
});

describe("a stop of a family by security", () => {
  it("holds every descendant, also those that were suspended before, without another halt of these", async () => {
    const root = await running();
    const child = await running({ parent: root.id });
    const paused = await running({ parent: root.id });
    await runner.stop(paused.id, "suspend?wait=effective", { body: { reason: "a look" } });
    const { halt } = await security.stop(root.id, "suspend", { body: { cascade: true, reason: "runaway" } });
    await eventually(async () =>
      expect((await admin.halt(root.id, halt?.id ?? "")).effective_at).not.toBeNull(),
    );
    for (const each of [root, child, paused]) {
      expect(await held(each)).toEqual({ state: "suspended", by: SECURITY, reason: "runaway" });
      expect(problemOf(await ask(runner, each, "resume", { reason: "again" }))).toMatchObject(REFUSED);
    }
    const { items } = (await admin.call("GET", `/agents/${paused.id}/halts`)).body as { items: object[] };
    expect(items).toHaveLength(1);
    const kinds = async (agent: Registered) =>
      (await admin.auditWith(2, { workspace: home, agent: agent.id })).map(({ kind }) => kind);
    expect(await eventually(() => kinds(paused))).toContain("agent.held");
  });

  it("by an operator holds nobody", async () => {
    const root = await running();
    const child = await running({ parent: root.id });
    await runner.stop(root.id, "suspend", { body: { cascade: true } });
    await eventually(async () => expect((await held(child)).state).toBe("suspended"));
    expect(await held(child)).toMatchObject({ by: null });
    for (const each of [root, child]) expect((await ask(runner, each, "resume")).status).toBe(200);
  });
});

it("an agent whose own end date has suspended it is held by nobody", async () => {
  const agent = await running({ expires_at: "2035-01-01T00:00:00Z" });
  await runInDurableObject(agentObject(agent.id), (_object, { storage }) => {
    const past = Date.now() - 1;
    storage.sql.exec("UPDATE agent SET expires_at = ?", past);
    storage.sql.exec("UPDATE timers SET due = ? WHERE kind = 'expire'", past);
    return storage.setAlarm(past);
  });
  await eventually(async () => expect((await admin.show(agent.id)).state).toBe("suspended"));
  expect(await held(agent)).toMatchObject({ by: null });
});
