/**
 * When a key was used last, and when its agent was active last. The agent's object hears of it with the leases that
 * isolates ask for anyway and tells D1 once an hour, however many isolates there are: D1 is one database in one place.
 */
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { watchedBindings } from "../support/observed-bindings.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  agentObject,
  check,
  freshWorkspace,
  operator,
  token,
  type Door,
  type Registered,
} from "../support/worker-api.ts";

const HOUR_MS = 3_600_000;
const api = operator();
const ask = { tool: "crm" };
let home: string;
let agents = 0;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ name: "crm", workspace: home });
});

const runningAgent = (): Promise<Registered> =>
  api.start({ name: `bot-${(agents += 1)}`, workspace: home, surface: { tools: ["crm"] } });

interface Noted {
  readonly active: number | null;
  readonly keys: Readonly<Record<string, number | null>>;
  readonly told: boolean;
}

/** What the object has noted, and whether it is about to tell D1. */
const noted = (agent: string): Promise<Noted> =>
  runInDurableObject(agentObject(agent), (_object, { storage: { sql } }) => ({
    active: sql.exec<{ at: number | null }>("SELECT last_active_at AS at FROM agent").one().at,
    keys: Object.fromEntries(
      sql
        .exec<{ id: string; at: number | null }>("SELECT id, last_used_at AS at FROM keys")
        .toArray()
        .map(({ id, at }) => [id, at]),
    ),
    told: sql.exec("SELECT 1 FROM timers WHERE kind = 'project'").toArray().length === 0,
  }));

/** Until everything that has been noted is in D1. */
const settled = async (agent: string): Promise<Noted> => {
  await expect.poll(async () => (await noted(agent)).told, { timeout: 10_000 }).toBe(true);
  return noted(agent);
};

const seen = async (agent: string, key: string) => ({
  agent: (await api.show(agent)).last_active_at,
  listed: (await api.list({ workspace: home })).items.find(({ id }) => id === agent)?.last_active_at,
  key: (await api.keys(agent)).find(({ id }) => id === key)?.last_used_at,
});

/** As if the uses so far had been noted an hour ago. */
const anHourLater = (agent: string): Promise<void> =>
  runInDurableObject(agentObject(agent), (_object, { storage: { sql } }) => {
    sql.exec("UPDATE agent SET last_active_at = last_active_at - ?", HOUR_MS);
    sql.exec("UPDATE keys SET last_used_at = last_used_at - ?", HOUR_MS);
  });

/** An isolate that counts what it asks of D1 besides reading. */
async function writingIsolate(): Promise<{ readonly door: Door; readonly writes: string[] }> {
  const writes: string[] = [];
  const door = await anotherIsolate(
    watchedBindings((use) => {
      if (use === "DB.run") writes.push(use);
    }),
  );
  return { door, writes };
}

describe("the use of a key", () => {
  it("is shown, and the agent's activity with it: nobody has to search the trail for what is idle", async () => {
    const bot = await runningAgent();
    expect(await seen(bot.id, bot.key)).toEqual({ agent: null, listed: null, key: null });
    await check(bot.secret, ask);
    await expect
      .poll(() => seen(bot.id, bot.key), { timeout: 10_000 })
      .toEqual({
        agent: expect.stringMatching(/Z$/) as string,
        listed: expect.stringMatching(/Z$/) as string,
        key: expect.stringMatching(/Z$/) as string,
      });
  });

  it("costs D1 one write an hour in one place, and isolates write nothing", async () => {
    const bot = await runningAgent();
    await check(bot.secret, ask);
    await expect.poll(async () => (await noted(bot.id)).active, { timeout: 10_000 }).not.toBeNull();
    const first = await settled(bot.id);
    for (const { door, writes } of await Promise.all([writingIsolate(), writingIsolate()])) {
      expect((await check(bot.secret, ask, door)).status).toBe(200);
      expect(writes).toEqual([]);
    }
    expect(await noted(bot.id)).toEqual(first);

    await anHourLater(bot.id);
    const { door } = await writingIsolate();
    await check(bot.secret, ask, door);
    await expect
      .poll(async () => (await noted(bot.id)).active, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(first.active ?? 0);
    expect((await settled(bot.id)).keys[bot.key]).toBeGreaterThanOrEqual(first.keys[bot.key] ?? Infinity);
  });

  it("is noted also where the agent's lease was asked for by another key, or by a token", async () => {
    const bot = await runningAgent();
    const { api_key: other } = await api.issueKey(bot.id);
    const carried = await token(bot.secret);
    await check(carried, ask); // so that the lease is warm
    await check(other.secret ?? "", ask);
    await expect.poll(async () => (await noted(bot.id)).keys[other.id], { timeout: 10_000 }).not.toBeNull();
  });

  it("is noted of a live key of an active agent only: who presents a dead one is in the trail, and no use", async () => {
    const bot = await runningAgent();
    const { api_key: dead } = await api.issueKey(bot.id);
    await api.revokeKey(bot.id, dead.id);
    expect((await check(dead.secret ?? "", ask)).status).toBe(401);
    const idle = await api.register({ name: `idle-${(agents += 1)}`, workspace: home });
    expect((await check(idle.secret, ask)).status).toBe(401);
    await check(bot.secret, ask);
    await expect.poll(async () => (await noted(bot.id)).active, { timeout: 10_000 }).not.toBeNull();
    expect((await noted(bot.id)).keys[dead.id]).toBeNull();
    expect(await noted(idle.id)).toMatchObject({ active: null, keys: { [idle.key]: null } });
  });
});

describe("the activity of an agent", () => {
  it("is noted of a call with a token, which is no use of the key", async () => {
    const bot = await runningAgent();
    const carried = await token(bot.secret);
    await expect.poll(async () => (await noted(bot.id)).active, { timeout: 10_000 }).not.toBeNull();
    await settled(bot.id);
    await anHourLater(bot.id);
    const before = await noted(bot.id);
    await check(carried, ask, await anotherIsolate());
    await expect
      .poll(async () => (await noted(bot.id)).active, { timeout: 10_000 })
      .toBeGreaterThan(before.active ?? Infinity);
    expect((await noted(bot.id)).keys).toEqual(before.keys);
  });
});
