/** What the hot path asks and does not ask (design part 5), and how it goes on when the database does not. */
import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, test } from "vitest";
import { textOf } from "../../src/credentials/key-format.ts";
import { systemRandom } from "../../src/kernel/random.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { watchedBindings, workerWith, workerWithoutDatabase } from "../support/observed-bindings.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  call,
  check,
  eventually,
  freshWorkspace,
  heard,
  ids,
  operator,
  operatorToken,
  problemOf,
  requestToken,
  token,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const ask = { tool: "zendesk", arguments: { ticket: 7 } };
let home: string;
let agents = 0;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ name: "zendesk", workspace: home });
});

const runningAgent = (more: object = {}): Promise<Registered> =>
  api.start({ name: `bot-${(agents += 1)}`, workspace: home, surface: { tools: ["zendesk"] }, ...more });

/**
 * What a warm check uses. Leases are renewed past half of their life, by the clock: a round in which the machine was
 * too slow for that says nothing and is taken again.
 */
async function usesOfWarmCheck(
  credential: string,
  question: Readonly<Record<string, unknown>> = ask,
): Promise<string[]> {
  const HALF_LIFE_MS = 750;
  /** Of the agent, its workspace and `org`: one that was there before may be past its half while the others are new. */
  const LEASES = 3;
  const uses: string[] = [];
  const door = workerWith(watchedBindings((use) => void uses.push(use)));
  for (let round = 0; round < 50; round += 1) {
    const begun = Date.now();
    await check(credential, question, door);
    const warmAt = uses.length;
    const asked = uses.filter((use) => use.endsWith(".lease")).length;
    const { status } = await check(credential, question, door);
    if (status === 200 && asked >= LEASES && Date.now() - begun < HALF_LIFE_MS) return uses.slice(warmAt);
    await expect.poll(() => Date.now() - begun, { timeout: 5_000 }).toBeGreaterThan(1_500);
    uses.length = 0;
  }
  throw new Error("this machine is never quick enough");
}

describe("a warm check", () => {
  it("with a call token reads neither the database nor an object: it writes its evidence, and that is all", async () => {
    const bot = await runningAgent();
    expect(await usesOfWarmCheck(await token(bot.secret))).toEqual(["AGENT.record"]);
  });

  it("with a raw key reads neither the database nor an object", async () => {
    const bot = await runningAgent();
    expect(await usesOfWarmCheck(bot.secret)).toEqual(["AGENT.record"]);
  });

  it("that is denied reads no more than one that is allowed: a deny is no slower path", async () => {
    const bot = await runningAgent();
    expect(await usesOfWarmCheck(bot.secret, { tool: "github" })).toEqual(["AGENT.record"]);
  });

  it("with `freshness: always` asks every object, and the database not at all", async () => {
    const bot = await runningAgent({ freshness: "always" });
    const uses = await usesOfWarmCheck(bot.secret);
    expect(uses.filter((use) => use.startsWith("DB."))).toEqual([]);
    expect(uses.toSorted()).toEqual(["AGENT.lease", "AGENT.record", "WORKSPACE.lease", "WORKSPACE.lease"]);
  });
});

describe("a change of configuration made elsewhere", () => {
  it("is seen at the next lease: an operation leaves the surface, a tool comes into the catalog", async () => {
    const elsewhere = await anotherIsolate();
    const remote = operator(undefined, elsewhere);
    const bot = await runningAgent({ surface: { tools: ["zendesk", "jira"] } });
    const carried = await token(bot.secret);
    expect(await heard(carried, { tool: "jira" })).toBe("catalog_missing");
    expect(await heard(carried, { tool: "zendesk" })).toBe("permitted");

    await remote.addTool({ name: "jira", workspace: home });
    await remote.update(bot.id, { surface: { tools: ["jira"] } });
    expect(await heard(carried, { tool: "jira" }, elsewhere)).toBe("permitted");
    await eventually(async () => {
      expect(await heard(carried, { tool: "jira" })).toBe("permitted");
      expect(await heard(carried, { tool: "zendesk" })).toBe("surface_undeclared");
    });
  });

  it("is seen at once by the isolate that made it", async () => {
    const bot = await runningAgent();
    const carried = await token(bot.secret);
    expect(await heard(carried, ask)).toBe("permitted");
    await api.update(bot.id, { surface: { tools: [] } });
    expect(await heard(carried, ask)).toBe("surface_undeclared");
  });

  it("starts an agent elsewhere within the 250 ms that a refusal is kept", async () => {
    const elsewhere = await anotherIsolate();
    const bot = await api.register({ name: "late", workspace: home, surface: { tools: ["zendesk"] } });
    expect(await heard(bot.secret, ask, elsewhere)).toBe(401);
    await api.activate(bot.id);
    await expect.poll(() => heard(bot.secret, ask, elsewhere), { timeout: 5_000 }).toBe("permitted");
  });
});

describe("what was never issued", () => {
  const objects = async () => ({
    agents: (await listDurableObjectIds(env.AGENT)).length,
    workspaces: (await listDurableObjectIds(env.WORKSPACE)).length,
  });

  it("reaches no object and, by its form alone, no database: a flood of made-up keys costs nothing (P11)", async () => {
    const uses: string[] = [];
    const door = workerWith(watchedBindings((use) => void uses.push(use)));
    const before = await objects();
    for (let i = 0; i < 20; i += 1) {
      const madeUp = textOf("dome_at_", systemRandom.bytes(32));
      expect((await check(madeUp, ask, door)).status).toBe(401);
      expect((await requestToken(madeUp, {}, door)).status).toBe(401);
      expect((await call(door, madeUp, "GET", "/api/v1/agents/self")).status).toBe(401);
    }
    expect(uses).toEqual([]);
    expect(await objects()).toEqual(before);
  });

  it("as an id in a path reaches no object: ids come from the registry or from a verified credential", async () => {
    const uses: string[] = [];
    const door = workerWith(watchedBindings((use) => void uses.push(use)));
    const asked = operator(undefined, door);
    const before = await objects();
    for (const agent of [ids.next("agt"), "nobody", ids.next("wsp")]) {
      for (const [method, path, body] of [
        ["GET", "", undefined],
        ["PATCH", "", { description: "x" }],
        ["POST", "/activate", {}],
        ["POST", "/revoke", {}],
        ["GET", "/halts", undefined],
        ["GET", `/halts/${ids.next("hlt")}`, undefined],
        ["GET", "/keys", undefined],
        ["POST", "/keys", {}],
        ["DELETE", `/keys/${ids.next("key")}`, undefined],
      ] as const) {
        const target = `/agents/${agent}${path}?workspace=${home}`;
        const answer = await asked.call(method, target, body === undefined ? {} : { body });
        expect([method, path, answer.status]).toEqual([method, path, 404]);
      }
    }
    expect((await asked.call("GET", "/tools?workspace=nowhere")).status).toBe(404);
    expect(uses.filter((use) => !use.startsWith("DB."))).toEqual([]);
    expect(await objects()).toEqual(before);
  });
});

describe("while the database does not answer", () => {
  const broken = workerWithoutDatabase();

  it("a warm isolate goes on deciding", async () => {
    const bot = await runningAgent();
    const carried = await token(bot.secret);
    expect(await heard(carried, ask)).toBe("permitted");
    expect(await heard(bot.secret, ask)).toBe("permitted");
    expect(await heard(carried, ask, broken)).toBe("permitted");
    expect(await heard(bot.secret, ask, broken)).toBe("permitted");
    expect((await requestToken(bot.secret, {}, broken)).status).toBe(200);
  });

  it("an emergency stop by id works, with the token that needs no database, and becomes effective (P3)", async () => {
    const bot = await runningAgent();
    const carried = await token(bot.secret);
    const answer = await operator(undefined, broken).call(
      "POST",
      `/agents/${bot.id}/suspend?wait=effective`,
      {
        body: { reason: "D1 is down" },
      },
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ state: "suspended", changed: true, halt: { reason: "D1 is down" } });
    expect(await heard(carried, ask)).toBe(401);
    expect(await heard(carried, ask, broken)).toBe(401);
    expect(
      await operator(undefined, broken).call("POST", `/agents/${bot.id}/revoke`, { body: {} }),
    ).toMatchObject({
      status: 202,
      body: { state: "revoked" },
    });
  });

  it("an emergency stop is for the installation's own token only, and for ids that exist", async () => {
    const bot = await runningAgent();
    const unavailable = { status: 503, code: "unavailable", members: [] };
    const secret = await operatorToken({ subject: "sec@example.com", role: "security" });
    // The database answers who the operator is, and then nothing any more.
    let answers = 0;
    const failing = workerWith(
      watchedBindings((use) => {
        if (use.startsWith("DB.") && (answers += 1) > 1)
          throw new Error("D1_ERROR: Network connection lost.");
      }),
    );
    for (const door of [failing, broken]) {
      const refused = await operator(secret, door).call("POST", `/agents/${bot.id}/suspend`, { body: {} });
      expect(problemOf(refused)).toEqual(unavailable);
    }
    for (const agent of [ids.next("agt"), bot.created.agent.name]) {
      const unknown = await operator(undefined, broken).call("POST", `/agents/${agent}/suspend`, {
        body: {},
      });
      expect(problemOf(unknown)).toEqual(unavailable);
    }
    expect((await api.show(bot.id)).state).toBe("active");
  });

  test.each([
    ["GET", "/agents"],
    ["GET", "/agents/bot"],
    ["GET", "/workspaces"],
    ["GET", "/tools"],
    ["GET", "/audit"],
    ["POST", "/agents"],
    ["POST", "/workspaces"],
    ["POST", "/tools"],
  ])("a cold look-up (%s %s) is undecided: 503 with Retry-After, never 500", async (method, path) => {
    const options = method === "GET" ? {} : { body: { name: "cold" } };
    const answer = await operator(undefined, broken).call(method, path, options);
    expect(problemOf(answer)).toEqual({ status: 503, code: "unavailable", members: [] });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("what is alive says so, and that it is not ready", async () => {
    expect((await broken(new Request(`${TEST_ISSUER}/healthz`))).status).toBe(200);
    expect((await broken(new Request(`${TEST_ISSUER}/readyz`))).status).toBe(503);
  });

  it("a credential that this isolate does not know is undecided, at every door of an agent: not refused, not 500", async () => {
    const bot = await runningAgent();
    const unseen = (await api.issueKey(bot.id)).api_key.secret ?? "";
    const answer = await check(unseen, ask, broken);
    expect(problemOf(answer)).toEqual({ status: 503, code: "unavailable", members: [] });
    expect(answer.headers.get("retry-after")).not.toBeNull();
    const refused = await requestToken(unseen, {}, broken);
    expect(refused).toMatchObject({ status: 503, error: "temporarily_unavailable" });
    const cold = operator(await operatorToken({ subject: "ci@example.com", role: "operator" }), broken);
    expect(problemOf(await cold.call("GET", "/operators/self"))).toMatchObject({
      status: 503,
      code: "unavailable",
    });
  });
});

describe("while an object does not answer", () => {
  /** The Worker whose agents, or whose workspaces, give no lease. */
  const without = (name: "AGENT" | "WORKSPACE") =>
    workerWith(
      watchedBindings((use) => {
        if (use === `${name}.lease`) throw new Error("Durable Object is overloaded.");
      }),
    );

  test.each(["AGENT", "WORKSPACE"] as const)(
    "a check without a lease of %s is undecided: 503, and no evidence of a decision is left (P1)",
    async (name) => {
      const bot = await runningAgent();
      const carried = await token(bot.secret);
      const elsewhere = without(name);
      // The leases of this isolate run out first: until then it may go on.
      await expect.poll(() => heard(carried, ask, elsewhere), { timeout: 8_000 }).toBe(503);
      const answer = await check(bot.secret, ask, elsewhere);
      expect(problemOf(answer)).toEqual({ status: 503, code: "unavailable", members: [] });
      expect(await requestToken(bot.secret, {}, elsewhere)).toMatchObject({
        status: 503,
        error: "temporarily_unavailable",
      });
      // An object that has failed is left alone for a moment.
      await expect.poll(() => heard(carried, ask), { timeout: 8_000 }).toBe("permitted");
    },
  );

  it("evidence that cannot be written keeps the answer back: 503, whatever was decided (P8)", async () => {
    const bot = await runningAgent();
    const mute = workerWith(
      watchedBindings((use) => {
        if (use === "AGENT.record") throw new Error("the object does not answer");
      }),
    );
    const answer = await check(bot.secret, ask, mute);
    expect(problemOf(answer)).toEqual({ status: 503, code: "unavailable", members: [] });
    expect((await requestToken(bot.secret, {}, mute)).status).toBe(503);
    expect(await heard(bot.secret, ask)).toBe("permitted");
  });
});
