/** Tiers over the API: the built-in ones, own ones, and how soon a change holds. */
import { expect, it, test } from "vitest";
import { tier, tierList, type Tier } from "../../src/contract/tier.ts";
import { tokenResponse } from "../../src/contract/oauth.ts";
import { BUILT_IN_TIERS } from "../support/built-in-tiers.ts";
import { freshWorkspace, operator, operatorToken, problemOf, requestToken } from "../support/worker-api.ts";

const PATH = "/tiers";
const api = operator();

let made = 0;
async function add(settings: object = {}): Promise<Tier> {
  const { status, body } = await api.call("POST", PATH, {
    body: { name: `tier-${(made += 1)}`, ...settings },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return tier.parse(body);
}

it("has the built-in tiers as rows in a new installation", async () => {
  const { items } = tierList.parse((await api.call("GET", PATH)).body);
  expect(items.filter(({ built_in }) => built_in)).toEqual([...BUILT_IN_TIERS.values()]);
});

it("adds a tier with the settings of another one, and says which version it has", async () => {
  const added = await add({ like: "restricted", max_act_seconds: 600 });
  const { name, version, built_in, ...settings } = added;
  const {
    name: _name,
    version: _version,
    built_in: _builtIn,
    ...model
  } = BUILT_IN_TIERS.get("restricted") as Tier;
  expect({ settings, version, built_in }).toEqual({
    settings: { ...model, max_act_seconds: 600 },
    version: 1,
    built_in: false,
  });
  const shown = await api.call("GET", `${PATH}/${name}`);
  expect([shown.body, shown.headers.get("etag")]).toEqual([added, '"1"']);
});

test.each([
  ["a name that a tier has", { name: "standard" }, "name_taken", "name"],
  ["a model that does not exist", { name: "odd", like: "nowhere" }, "unknown_reference", "like"],
  ["a limit out of range", { name: "odd", max_chain_depth: 17 }, "invalid_request", "max_chain_depth"],
  ["a misspelt limit", { name: "odd", max_depth: 3 }, "invalid_request", "max_depth"],
])("refuses a tier with %s", async (_what, body, code, member) => {
  const answer = await api.call("POST", PATH, { body });
  expect(problemOf(answer)).toMatchObject({ code, members: [member] });
});

it("holds a changed limit for agents that run already: the next token is shorter (P6)", async () => {
  const { name } = await add({ token_ttl_seconds: 300 });
  const home = await freshWorkspace();
  const agent = await api.start({ name: "worker", workspace: home, tier: name });
  const lifeOf = async (): Promise<number> =>
    tokenResponse.parse((await requestToken(agent.secret)).body).expires_in;
  expect(await lifeOf()).toBeGreaterThan(200);
  await api.call("PATCH", `${PATH}/${name}`, { body: { token_ttl_seconds: 30 } });
  await expect.poll(lifeOf, { timeout: 15_000 }).toBeLessThanOrEqual(30);
});

it("leaves what a change does not name as it was, and takes what is not given from the model", async () => {
  const {
    name: _name,
    built_in: _builtIn,
    version: _version,
    ...model
  } = BUILT_IN_TIERS.get("trusted") as Tier;
  const { name } = await add({ like: "trusted", max_batch: 5 });
  expect(tier.parse((await api.call("GET", `${PATH}/${name}`)).body)).toMatchObject({
    ...model,
    max_batch: 5,
  });
  await api.call("PATCH", `${PATH}/${name}`, { body: { rate: "low" } });
  expect(tier.parse((await api.call("GET", `${PATH}/${name}`)).body)).toMatchObject({
    ...model,
    max_batch: 5,
    rate: "low",
  });
});

it("changes a tier only on the version that was read", async () => {
  const { name } = await add();
  const headers = { "if-match": '"1"' };
  const first = await api.call("PATCH", `${PATH}/${name}`, { body: { rate: "high" }, headers });
  const second = await api.call("PATCH", `${PATH}/${name}`, { body: { rate: "low" }, headers });
  expect([first.status, second.status]).toEqual([200, 412]);
  expect(tier.parse((await api.call("GET", `${PATH}/${name}`)).body)).toMatchObject({
    rate: "high",
    version: 2,
  });
});

it("does not remove a tier that agents are in: without limits everything would be denied to them", async () => {
  const { name } = await add();
  const home = await freshWorkspace();
  await api.start({ name: "worker", workspace: home, tier: name });
  expect(problemOf(await api.call("DELETE", `${PATH}/${name}`))).toMatchObject({ code: "in_use" });
  await api.call("PATCH", `/agents/worker?workspace=${home}`, { body: { tier: "standard" } });
  expect((await api.call("DELETE", `${PATH}/${name}`)).body).toEqual({ name, removed: true });
  expect((await api.call("GET", `${PATH}/${name}`)).status).toBe(404);
});

it("does not remove a built-in tier", async () => {
  expect(problemOf(await api.call("DELETE", `${PATH}/trusted`))).toMatchObject({ code: "in_use" });
});

it("refuses an agent in a tier that was removed meanwhile", async () => {
  const { name } = await add();
  await api.call("DELETE", `${PATH}/${name}`);
  const home = await freshWorkspace();
  const answer = await api.call("POST", "/agents", {
    body: { name: "late", workspace: home, owner: "ada@example.com", tier: name },
  });
  expect(problemOf(answer)).toMatchObject({ code: "unknown_reference", members: ["tier"] });
});

it("is for operators of all workspaces, because a tier holds in each of them", async () => {
  const home = await freshWorkspace();
  const bound = operator(
    await operatorToken({ subject: "ada@example.com", role: "admin", workspaces: [home] }),
  );
  expect(problemOf(await bound.call("POST", PATH, { body: { name: "mine" } }))).toMatchObject({
    code: "forbidden",
  });
});

it("records each change in the ledger of the organization, with what changed", async () => {
  const { name } = await add();
  await api.call("PATCH", `${PATH}/${name}`, { body: { max_batch: 7 } });
  await api.call("DELETE", `${PATH}/${name}`);
  const recorded = async () =>
    (await api.audit({ workspace: "org", kind: "tier.*" }))
      .filter(({ target }) => target?.id === name)
      .map(({ kind, data }) => [kind, (data as { readonly max_batch?: number } | undefined)?.max_batch])
      .toReversed();
  await expect.poll(recorded, { timeout: 15_000 }).toEqual([
    ["tier.added", 100],
    ["tier.updated", 7],
    ["tier.removed", undefined],
  ]);
});
