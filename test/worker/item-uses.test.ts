/**
 * What an agent declares and does not use lapses, where its tier says so: with notice, recorded, and declared again by one
 * command. The last use of an item is a day in the registry, written once a day.
 */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { agentRedeclared, agentSelf, type Agent } from "../../src/contract/agent.ts";
import { dateOf, DAY_MS, dayOf } from "../../src/kernel/day.ts";
import { policySuggestion } from "../../src/contract/suggestion.ts";
import { lapseItems } from "../../src/operations/lapse-items.ts";
import { sweepPorts } from "../../src/wire.ts";
import { watchedBindings } from "../support/observed-bindings.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  call,
  check,
  freshWorkspace,
  heard,
  like,
  operator,
  operatorToken,
  problemOf,
  token,
  worker,
  type Registered,
} from "../support/worker-api.ts";
import { AT, exchanged } from "./exchange.fixture.ts";

const api = operator();
const LATER = { timeout: 15_000 };
let home: string;
let made = 0;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ workspace: home, name: "crm", operations: ["read", "write"] });
  await api.addTool({ workspace: home, name: "mail" });
  await api.addPool({ workspace: home, name: "fast" });
  await api.addIntegration({ workspace: home, name: "salesforce" });
});

const SURFACE = { tools: ["crm", "crm/read", "mail"], pools: ["fast"], integrations: ["salesforce"] };

async function tierWith(lapse_after_days: number | null): Promise<string> {
  const name = `lapse-${(made += 1)}`;
  const added = await api.call("POST", "/tiers", { body: { name, lapse_after_days } });
  expect(added.status).toBe(201);
  return name;
}

const agentIn = (tier: string, more: object = {}): Promise<Registered> =>
  api.start({ name: `idle-${(made += 1)}`, workspace: home, tier, surface: SURFACE, ...more });

interface Row {
  readonly item: string;
  readonly used_on: number | null;
  readonly lapsed_on: number | null;
}
const rowsOf = async (agent: string): Promise<readonly Row[]> => {
  const found = await env.DB.prepare(
    "SELECT kind || ':' || name AS item, used_on, lapsed_on FROM agent_surfaces WHERE agent_id = ? ORDER BY 1",
  )
    .bind(agent)
    .all<Row>();
  return found.results;
};

const usedItems = async (agent: string): Promise<readonly string[]> =>
  (await rowsOf(agent)).flatMap(({ item, used_on }) => (used_on === null ? [] : [item]));

const today = (): number => dayOf(Date.now());

/** As if the agent had been declared some days ago. */
const declaredDaysAgo = (agent: string, days: number): Promise<unknown> =>
  env.DB.prepare("UPDATE agent_surfaces SET declared_on = declared_on - ? WHERE agent_id = ?")
    .bind(days, agent)
    .run();

/** The look for items that lapse, so many days from now. */
const sweptIn = async (days: number): Promise<void> => {
  const ports = await sweepPorts(env);
  await lapseItems({ ...ports, clock: { now: () => Date.now() + days * DAY_MS } });
};

const unusedOf = async (agent: string): Promise<Agent["unused"]> => (await api.show(agent)).unused;

describe("the last use of a declared item", () => {
  it("is the day of an allowed call, of every item that covers it, and of every agent of the chain", async () => {
    const parent = await agentIn("standard");
    const child = await agentIn("standard", { parent: parent.id });
    const subject = await token(parent.secret);
    const { token: chained } = await exchanged(child, { subject_token: subject, subject_token_type: AT });
    expect(await heard(chained, { tool: "crm/read" })).toBe("permitted");
    for (const { id } of [parent, child])
      await expect.poll(() => usedItems(id), LATER).toEqual(["tool:crm", "tool:crm/read"]);
  });

  it("is not that of a call that was denied: who is refused uses nothing", async () => {
    const agent = await agentIn("standard");
    expect(await heard(agent.secret, { tool: "crm/nothing" })).toBe("catalog_operation_missing");
    expect(await heard(agent.secret, { integration: "salesforce" })).toBe("permitted");
    await expect.poll(() => usedItems(agent.id), LATER).toEqual(["integration:salesforce"]);
  });

  it("costs one write a day: not one for each call, and none where another isolate has written it", async () => {
    const agent = await agentIn("standard");
    await check(agent.secret, { tool: "mail" });
    await expect.poll(() => usedItems(agent.id), LATER).toEqual(["tool:mail"]);
    const writes: string[] = [];
    const watched = watchedBindings((use) => {
      if (use === "DB.run") writes.push(use);
    });
    const other = await anotherIsolate(watched);
    for (let calls = 0; calls < 3; calls += 1)
      expect((await check(agent.secret, { tool: "mail" }, other)).status).toBe(200);
    expect(writes).toEqual([]);
  });
});

describe("an item that is not used for as long as its tier says", () => {
  it("gets a notice, and lapses after it: denied with a reason of its own, hidden from nobody, recorded (P1)", async () => {
    const agent = await agentIn(await tierWith(30));
    await declaredDaysAgo(agent.id, 25);
    expect(await heard(agent.secret, { tool: "crm/write" })).toBe("permitted");
    await expect.poll(() => usedItems(agent.id), LATER).toEqual(["tool:crm"]);
    await sweptIn(0);
    const lapsesOn = dateOf(today() + 7);
    const expiring = { last_used_on: null, lapses_on: lapsesOn, lapsed_on: null };
    expect(await unusedOf(agent.id)).toEqual([
      { kind: "integration", name: "salesforce", ...expiring },
      { kind: "pool", name: "fast", ...expiring },
      { kind: "tool", name: "crm/read", ...expiring },
      { kind: "tool", name: "mail", ...expiring },
    ]);
    await sweptIn(6);
    expect(await heard(agent.secret, { tool: "mail" })).toBe("permitted");
    await expect
      .poll(async () => (await unusedOf(agent.id)).map(({ name }) => name), LATER)
      .not.toContain("mail");
    await sweptIn(7);
    await expect.poll(() => heard(agent.secret, { model: "fast" }), LATER).toBe("surface_lapsed");
    const { body } = await check(agent.secret, { integration: "salesforce" });
    expect(body).toMatchObject({ layer: "surface", detail: like(/not used it: it lapsed on/) });
    const explained = await api.explain(body.decision_id, home);
    expect(explained.change).toMatchObject({
      command: like(/^dome agents redeclare idle-\d+ .*--integration salesforce/),
      role: "operator",
    });
    expect(await heard(agent.secret, { tool: "crm/read" })).toBe("permitted"); // the whole tool was used
    const [lapsed] = await api.auditWith(1, { workspace: home, kind: "agent.item_lapsed", agent: agent.id });
    expect(lapsed?.data).toEqual({
      items: ["integration:salesforce", "pool:fast", "tool:crm/read"],
      count: 3,
    });
    const [notice] = await api.auditWith(1, {
      workspace: home,
      kind: "agent.item_expiring",
      agent: agent.id,
    });
    expect(notice?.data).toMatchObject({ count: 4, lapses_on: lapsesOn });
  });

  it("is seen by the agent itself, and declared again by one command: it counts from today", async () => {
    const agent = await agentIn(await tierWith(10));
    await sweptIn(4);
    await sweptIn(12);
    const ask = () => heard(agent.secret, { tool: "mail" });
    await expect.poll(ask, LATER).toBe("surface_lapsed");
    const self = await call(worker, agent.secret, "GET", "/api/v1/agents/self");
    expect(agentSelf.parse(self.body).agent.unused).toHaveLength(5);

    const path = `/agents/${agent.id}/redeclare`;
    const one = agentRedeclared.parse((await api.call("POST", path, { body: { tools: ["mail"] } })).body);
    expect(one.redeclared).toEqual(["tool:mail"]);
    expect(one.agent.unused).toHaveLength(4);
    await expect.poll(ask, LATER).toBe("permitted");
    const all = agentRedeclared.parse((await api.call("POST", path, { body: { all: true } })).body);
    expect([all.redeclared.length, all.agent.unused]).toEqual([4, []]);
    const none = agentRedeclared.parse((await api.call("POST", path, { body: { all: true } })).body);
    expect(none.redeclared).toEqual([]);
    const records = await api.auditWith(2, {
      workspace: home,
      kind: "agent.item_redeclared",
      agent: agent.id,
    });
    expect(records).toHaveLength(2);
  });

  it("stays lapsed when the surface is written anew with it: only the command, or a new declaration, brings it back", async () => {
    const agent = await agentIn(await tierWith(10));
    await sweptIn(4);
    await sweptIn(12);
    const lapsed = async () => (await unusedOf(agent.id)).map(({ name }) => name);
    expect(await lapsed()).toContain("mail");
    await api.update(agent.id, { surface: { ...SURFACE, pools: [] } });
    expect(await lapsed()).toEqual(["salesforce", "crm", "crm/read", "mail"]);
    await api.update(agent.id, { surface: { tools: ["crm"] } });
    await api.update(agent.id, { surface: SURFACE });
    expect(await lapsed()).toEqual(["crm"]);
  });

  it("never lapses in a tier that says nothing, and not at once where a tier begins to say it", async () => {
    const tier = await tierWith(null);
    const agent = await agentIn(tier);
    await declaredDaysAgo(agent.id, 400);
    await sweptIn(0);
    expect(await unusedOf(agent.id)).toEqual([]);
    await api.call("PATCH", `/tiers/${tier}`, { body: { lapse_after_days: 30 } });
    await sweptIn(0);
    expect((await unusedOf(agent.id)).map(({ lapses_on }) => lapses_on)).toEqual(
      Array.from({ length: 5 }, () => dateOf(today() + 7)),
    );
  });

  it("is declared again by who may widen an agent's rights, and by nobody else; what is not declared is not", async () => {
    const agent = await agentIn("standard");
    const path = `/agents/${agent.id}/redeclare`;
    const developer = operator(await operatorToken({ subject: "dev@example.com", role: "developer" }));
    expect(problemOf(await developer.call("POST", path, { body: { all: true } }))).toMatchObject({
      status: 403,
    });
    expect(problemOf(await api.call("POST", path, { body: { tools: ["other"] } }))).toMatchObject({
      code: "unknown_reference",
      members: ["tools"],
    });
  });
});

describe("a suggestion from use", () => {
  const suggest = async (agent: string, since: string) => {
    const answer = await api.call("GET", `/agents/${agent}/suggestion?since=${encodeURIComponent(since)}`);
    expect(answer.status).toBe(200);
    return policySuggestion.parse(answer.body);
  };
  const DAYS_AGO = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

  it("is what was declared and not used, as a surface and as policies that validate and deny no call since then", async () => {
    const agent = await agentIn("standard");
    await declaredDaysAgo(agent.id, 40);
    expect(await heard(agent.secret, { tool: "crm/read" })).toBe("permitted");
    await expect.poll(() => usedItems(agent.id), LATER).toEqual(["tool:crm", "tool:crm/read"]);
    const found = await suggest(agent.id, DAYS_AGO(30));
    expect(found).toMatchObject({
      since: dateOf(today() - 30),
      known_from: dateOf(today() - 40),
      young: [],
      would_deny: [],
      surface: { tools: ["crm", "crm/read"], pools: [], integrations: [] },
      command: like(
        /^dome agents update idle-\d+ --remove-integration salesforce --remove-pool fast --remove-tool mail --workspace/,
      ),
    });
    expect(found.unused.map(({ kind, name }) => `${kind}:${name}`)).toEqual([
      "integration:salesforce",
      "pool:fast",
      "tool:mail",
    ]);
    const body = { source: found.policy ?? "" };
    const at = `/policies/agent:${found.name}`;
    const pushed = await api.call("POST", `${at}/versions?workspace=${home}`, { body });
    expect([pushed.status, pushed.body]).toMatchObject([201, { policies: 3 }]);
    await api.call("POST", `${at}/activate?workspace=${home}`, { body: {} });
    await expect.poll(() => heard(agent.secret, { tool: "mail" }), LATER).toBe("policy_forbidden");
    expect(await heard(agent.secret, { tool: "crm/read" })).toBe("permitted");
  });

  it("leaves alone what is too young to tell, and a whole whose part was used", async () => {
    const agent = await agentIn("standard");
    const found = await suggest(agent.id, DAYS_AGO(30));
    expect([found.unused, found.command, found.policy, found.young.length]).toEqual([[], null, null, 5]);
    await declaredDaysAgo(agent.id, 40);
    await env.DB.prepare("UPDATE agent_surfaces SET used_on = ? WHERE agent_id = ? AND name = 'crm/read'")
      .bind(today(), agent.id)
      .run();
    const later = await suggest(agent.id, DAYS_AGO(30));
    expect(later.surface).toEqual({ tools: ["crm", "crm/read"], pools: [], integrations: [] });
    expect(later.would_deny).toEqual([]);
  });

  it("names what the catalog no longer has in the command only: a policy about it would be refused", async () => {
    const agent = await agentIn("standard", { surface: { tools: ["gone"] } });
    await declaredDaysAgo(agent.id, 40);
    const found = await suggest(agent.id, DAYS_AGO(30));
    expect([found.command, found.policy]).toEqual([like(/--remove-tool gone/), null]);
  });
});
