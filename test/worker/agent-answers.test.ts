/** What a list of agents says of each beside its record: why it is stopped, and how many keys of it are live. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Agent } from "../../src/contract/agent.ts";
import { watchedBindings, workerWith } from "../support/observed-bindings.ts";
import { bearer, done } from "../security/calls.fixture.ts";
import { ADMIN, makeWorkspace, operatorToken, registerAgent } from "../security/installation.fixture.ts";

interface Page {
  readonly items: readonly Agent[];
}

const post = (path: string, body: object, authorization = ADMIN): Promise<unknown> =>
  done("POST", `/api/v1/agents/${path}`, { authorization, body });
const shown = (agent: string): Promise<Agent> =>
  done<Agent>("GET", `/api/v1/agents/${agent}`, { authorization: ADMIN });
const listed = async (agent: string): Promise<Agent | undefined> =>
  (await done<Page>("GET", "/api/v1/agents?limit=200", { authorization: ADMIN })).items.find(
    ({ name }) => name === agent,
  );

let security: string;
beforeAll(async () => {
  await makeWorkspace("default");
  security = bearer(await operatorToken({ role: "security", subject: "sam@example.com" }));
}, 30_000);

const running = async (name: string): Promise<string> => {
  await registerAgent("default", name);
  await post(`${name}/activate`, {});
  return name;
};

describe("the stop of an agent", () => {
  const facts = (agent: Agent | undefined) => ({ by: agent?.stop?.by, reason: agent?.stop?.reason });

  it("is by whom and why, where one agent is shown and in the list; a stop of a stopped one changes neither", async () => {
    const name = await running("suspended");
    expect((await shown(name)).stop).toBeNull();
    await post(`${name}/suspend`, { reason: "a leak" }, security);
    await post(`${name}/suspend`, { reason: "another" });
    const stop = { by: "sam@example.com", reason: "a leak" };
    expect(facts(await shown(name))).toEqual(stop);
    expect((await shown(name)).hold?.by).toBe("sam@example.com");
    await expect.poll(async () => facts(await listed(name))).toEqual(stop);
    expect((await listed(name))?.stop?.halt).toBe((await shown(name)).stop?.halt);
  });

  it("is over when the agent goes on, and another one when it is revoked", async () => {
    const name = await running("resumed");
    await post(`${name}/suspend`, { reason: "a look" });
    await post(`${name}/resume`, { reason: "seen" });
    expect((await shown(name)).stop).toBeNull();
    await post(`${name}/suspend`, {});
    expect(facts(await shown(name))).toEqual({ by: "admin", reason: null });
    await post(`${name}/revoke`, { reason: "the end" }, security);
    expect(facts(await shown(name))).toEqual({ by: "sam@example.com", reason: "the end" });
    await expect.poll(async () => (await listed(name))?.stop?.reason).toBe("the end");
  });
});

describe("the live keys of an agent", () => {
  it("are those that are neither revoked nor over, in the list as where one agent is shown", async () => {
    const { keyId } = await registerAgent("default", "keyed");
    const counts = async () => [(await shown("keyed")).live_keys, (await listed("keyed"))?.live_keys];
    expect(await counts()).toEqual([1, 1]);
    await post("keyed/keys", {});
    expect(await counts()).toEqual([2, 2]);
    await post("keyed/keys", { replaces: keyId, overlap_seconds: 60 });
    await expect.poll(counts).toEqual([3, 3]);
    await done("DELETE", `/api/v1/agents/keyed/keys/${keyId}`, { authorization: ADMIN });
    await expect.poll(counts).toEqual([2, 2]);
  });

  it("are none when the agent is revoked: its keys open nothing, whatever their own records say", async () => {
    await registerAgent("default", "keyed-no-more");
    await post("keyed-no-more/revoke", { reason: "the end" }, security);
    expect((await shown("keyed-no-more")).live_keys).toBe(0);
    await expect.poll(async () => (await listed("keyed-no-more"))?.live_keys).toBe(0);
  });
});

it("a list asks the database as often for many agents as for one, and no object", async () => {
  const uses: string[] = [];
  const worker = workerWith(watchedBindings((use) => void uses.push(use)));
  const ask = async (limit: number): Promise<string[]> => {
    uses.length = 0;
    const answer = await worker(
      new Request(`https://dome.test/api/v1/agents?limit=${limit}`, { headers: { authorization: ADMIN } }),
    );
    expect(answer.status).toBe(200);
    await answer.text();
    return [...uses];
  };
  await ask(1);
  const one = await ask(1);
  for (let at = 0; at < 8; at += 1) await registerAgent("default", `many-${at}`);
  expect(await ask(200)).toEqual(one);
  expect(one.filter((use) => !use.startsWith("DB."))).toEqual([]);
});
