/** The table of design part 6 over HTTP, and what starts and stops do to credentials. */
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it, test, vi } from "vitest";
import {
  agentObject,
  check,
  freshWorkspace,
  heard,
  operator,
  operatorToken,
  problemOf,
  requestToken,
  token,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const ask = { tool: "zendesk" };
let home: string;
let agents = 0;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ name: "zendesk", workspace: home });
});

const provisioned = (more: object = {}): Promise<Registered> =>
  api.register({ name: `bot-${(agents += 1)}`, workspace: home, surface: { tools: ["zendesk"] }, ...more });

type State = "provisioned" | "active" | "suspended" | "revoked";

/** An agent that has been brought into a state. */
async function agentIn(state: State): Promise<Registered> {
  const bot = await provisioned();
  if (state === "active" || state === "suspended") await api.activate(bot.id);
  if (state === "suspended") await api.stop(bot.id, "suspend");
  if (state === "revoked") await api.stop(bot.id, "revoke");
  return bot;
}

const command = (agent: string, verb: string, body: object = {}) =>
  api.call("POST", `/agents/${agent}/${verb}`, { body });

describe("the lifecycle table", () => {
  test.each([
    ["provisioned", "activate", "active", 200],
    ["provisioned", "revoke", "revoked", 202],
    ["active", "activate", "active", 200],
    ["active", "suspend", "suspended", 202],
    ["active", "revoke", "revoked", 202],
    ["suspended", "suspend", "suspended", 202],
    ["suspended", "resume", "active", 200],
    ["suspended", "revoke", "revoked", 202],
    ["revoked", "revoke", "revoked", 202],
  ] as const)("leads from %s by %s to %s, with %i", async (from, verb, to, status) => {
    const bot = await agentIn(from);
    const answer = await command(bot.id, verb, { reason: "a test" });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ agent: bot.id, state: to, changed: from !== to });
    expect((await api.show(bot.id)).state).toBe(to);
  });

  test.each([
    ["provisioned", "suspend"],
    ["provisioned", "resume"],
    ["active", "resume"],
    ["suspended", "activate"],
    ["revoked", "activate"],
    ["revoked", "suspend"],
    ["revoked", "resume"],
  ] as const)("refuses from %s to %s, and nothing has moved", async (from, verb) => {
    const bot = await agentIn(from);
    const before = await agentObject(bot.id).describe();
    expect(problemOf(await command(bot.id, verb))).toEqual({
      status: 409,
      code: "invalid_transition",
      members: [],
    });
    expect(await agentObject(bot.id).describe()).toEqual(before);
  });

  it("is written into the trail, with operator and reason, and a refused command is not", async () => {
    const bot = await provisioned();
    await command(bot.id, "suspend");
    await api.activate(bot.id);
    await api.stop(bot.id, "suspend", { body: { reason: "looks odd" } });
    await api.resume(bot.id, { body: { reason: "looks well" } });
    await api.stop(bot.id, "revoke");
    const entries = await api.auditWith(5, {
      workspace: home,
      agent: bot.id,
      kind: "agent.*",
      order: "oldest",
    });
    // The ledger keeps the order of arrival, which is not that of two outboxes: their own times are.
    const told = entries.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
    expect(told.map(({ kind, detail }) => [kind, detail])).toEqual([
      ["agent.registered", undefined],
      ["agent.activated", undefined],
      ["agent.suspended", "looks odd"],
      ["agent.resumed", "looks well"],
      ["agent.revoked", undefined],
    ]);
  });

  test.each([
    ["a drain of more than an hour", { drain_seconds: 3601 }, "drain_seconds"],
    ["a cascade that is neither yes nor no", { cascade: 1 }, "cascade"],
    ["an empty reason", { reason: "" }, "reason"],
    ["an unknown member", { force: true }, "force"],
  ])("refuses a stop with %s, and stops nothing", async (_what, body, member) => {
    const bot = await agentIn("active");
    expect(problemOf(await command(bot.id, "suspend", body))).toEqual({
      status: 400,
      code: "invalid_request",
      members: [member],
    });
    expect((await api.show(bot.id)).state).toBe("active");
  });
});

describe("credentials of an agent", () => {
  it("are refused before activation: a key exists, tokens do not", async () => {
    const bot = await provisioned();
    expect(await heard(bot.secret, ask)).toBe(401);
    expect(await requestToken(bot.secret)).toMatchObject({
      status: 400,
      error: "unauthorized_client",
      domeError: "agent_provisioned",
    });
  });

  it("work after activation, at once for whoever activated it", async () => {
    const bot = await agentIn("active");
    expect(await heard(bot.secret, ask)).toBe("permitted");
    expect(await heard(await token(bot.secret), ask)).toBe("permitted");
  });

  it("from before a suspend stay dead after a resume; the key works again, with new tokens (P3)", async () => {
    const bot = await agentIn("active");
    const before = await token(bot.secret);
    await api.stop(bot.id, "suspend");
    expect(await heard(before, ask)).toBe(401);
    expect(await heard(bot.secret, ask)).toBe(401);
    expect(await requestToken(bot.secret)).toMatchObject({
      status: 400,
      error: "unauthorized_client",
      domeError: "agent_suspended",
    });
    await api.resume(bot.id);
    expect(await heard(before, ask)).toBe(401);
    expect(await heard(bot.secret, ask)).toBe("permitted");
    expect(await heard(await token(bot.secret), ask)).toBe("permitted");
  });

  it("of a revoked agent are refused like unknown ones, for ever (P5, P11)", async () => {
    const bot = await agentIn("active");
    const before = await token(bot.secret);
    await api.stop(bot.id, "revoke");
    expect(await heard(before, ask)).toBe(401);
    expect(await heard(bot.secret, ask)).toBe(401);
    expect(await requestToken(bot.secret)).toMatchObject({
      status: 401,
      error: "invalid_client",
      domeError: undefined,
    });
    for (const verb of ["activate", "resume"]) expect((await command(bot.id, verb)).status).toBe(409);
    expect(await heard(bot.secret, ask)).toBe(401);
    expect(await api.show(bot.id)).toMatchObject({ state: "revoked", name: bot.created.agent.name });
  });

  it("that are dead leave a record of who was refused, and why", async () => {
    const bot = await agentIn("active");
    await api.stop(bot.id, "suspend");
    await check(bot.secret, ask);
    const [entry] = await api.auditWith(1, { workspace: home, agent: bot.id, kind: "credential.refused" });
    expect(entry).toMatchObject({
      reason: "agent_suspended",
      target: { type: "key", id: bot.key },
      data: { count: 1, path: "/api/v1/check" },
    });
  });
});

describe("an agent's own end date", () => {
  it("suspends it by a timer, with a halt of Dome's own, and a resume is refused until the date is moved", async () => {
    const bot = await provisioned();
    await api.activate(bot.id);
    const carried = await token(bot.secret);
    expect(await heard(carried, ask)).toBe("permitted");
    const end = Date.now() + 1_000;
    await api.update(bot.id, { expires_at: new Date(end).toISOString() });
    await vi.waitUntil(() => Date.now() > end, { timeout: 5_000 });
    expect(await heard(carried, ask)).toBe(401);
    expect(await heard(bot.secret, ask)).toBe(401);

    await expect.poll(async () => (await api.show(bot.id)).state, { timeout: 8_000 }).toBe("suspended");
    const { items } = (await api.call("GET", `/agents/${bot.id}/halts`)).body as { items: object[] };
    expect(items).toEqual([
      expect.objectContaining({
        kind: "suspend",
        operator: { subject: "dome", token: "expires_at" },
        reason: "the agent has reached its expires_at",
      }),
    ]);
    const refused = { status: 409, code: "invalid_transition", members: ["expires_at"] };
    expect(problemOf(await command(bot.id, "resume"))).toEqual(refused);
    const [entry] = await api.auditWith(1, { workspace: home, agent: bot.id, kind: "agent.expired" });
    expect(entry?.operator).toEqual({ subject: "dome", token: "expires_at" });

    await api.update(bot.id, { expires_at: null });
    await api.resume(bot.id);
    expect(await heard(bot.secret, ask)).toBe("permitted");
    expect(await heard(carried, ask)).toBe(401);
  });

  it("that has passed before activation keeps the agent from starting", async () => {
    const end = Date.now() + 1_500;
    const bot = await provisioned({ expires_at: new Date(end).toISOString() });
    await vi.waitUntil(() => Date.now() > end, { timeout: 8_000 });
    expect(problemOf(await command(bot.id, "activate"))).toEqual({
      status: 409,
      code: "invalid_transition",
      members: ["expires_at"],
    });
  });

  it("that is moved takes its timer with it, and one that is taken away leaves none", async () => {
    const bot = await provisioned({ expires_at: "2034-01-01T00:00:00Z" });
    const timers = () =>
      runInDurableObject(agentObject(bot.id), (_object, { storage }) =>
        storage.sql.exec("SELECT due FROM timers WHERE kind = 'expire'").toArray(),
      );
    expect(await timers()).toEqual([{ due: Date.parse("2034-01-01T00:00:00Z") }]);
    await api.update(bot.id, { expires_at: "2035-01-01T00:00:00Z" });
    expect(await timers()).toEqual([{ due: Date.parse("2035-01-01T00:00:00Z") }]);
    await api.update(bot.id, { expires_at: null });
    expect(await timers()).toEqual([]);
  });
});

describe("who may start and stop", () => {
  test.each([
    ["admin", ["activate", "suspend", "resume", "revoke"]],
    ["operator", ["activate", "suspend", "resume", "revoke"]],
    ["security", ["suspend", "resume", "revoke"]],
    ["auditor", []],
  ] as const)("as %s: %j", async (role, allowed) => {
    const holder = operator(await operatorToken({ subject: `${role}@example.com`, role }));
    const runner = operator(await operatorToken({ subject: "runner@example.com", role: "operator" }));
    for (const verb of ["activate", "suspend", "resume", "revoke"] as const) {
      const bot = await agentIn("active");
      // By an operator, so that it does not hold.
      if (verb === "resume") await runner.stop(bot.id, "suspend");
      const { status } = await holder.call("POST", `/agents/${bot.id}/${verb}`, {
        body: { reason: "a test" },
      });
      expect([verb, status === 403]).toEqual([verb, !allowed.some((permitted) => permitted === verb)]);
    }
  });
});
