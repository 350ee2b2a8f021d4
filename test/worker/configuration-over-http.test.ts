/**
 * What callers see while a batch of an owner object fails, is lost, or outlives its object: a whole change or none, 503
 * until it is known which, and the answer of the first attempt for whoever repeats it (P12).
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, test, vi } from "vitest";
import { FaultyDatabase, type Fate } from "../support/faulty-database.ts";
import { bindingsWithFaultyObjects, crash } from "../support/faulty-objects.ts";
import { workerWith } from "../support/observed-bindings.ts";
import {
  agentObject,
  freshWorkspace,
  heard,
  operator,
  problemOf,
  workspaceObject,
  type Answer,
  type OperatorApi,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const ask = { tool: "zendesk" };
let home: string;
let homeId: string;
let names = 0;

beforeAll(async () => {
  home = await freshWorkspace();
  homeId = (await api.addTool({ name: "zendesk", workspace: home })).workspace_id;
});

const freshName = (): string => `made-${(names += 1)}`;

/** The API through a Worker whose owner objects have a database of their own, which breaks as told. */
function withFaults(): { readonly faulty: FaultyDatabase; readonly broken: OperatorApi } {
  const faulty = new FaultyDatabase(env.DB);
  return { faulty, broken: operator(undefined, workerWith(bindingsWithFaultyObjects(faulty))) };
}

/** Everything the registry has of an agent: rows per table. */
const rowsOf = (agent: string) =>
  env.DB.prepare(
    `SELECT (SELECT count(*) FROM agents WHERE id = ?1) AS agents,
            (SELECT count(*) FROM agent_surfaces WHERE agent_id = ?1) AS surface,
            (SELECT count(*) FROM api_keys WHERE agent_id = ?1) AS keys`,
  )
    .bind(agent)
    .first();

const WHOLE = { agents: 1, surface: 1, keys: 1 };
const NOTHING = { agents: 0, surface: 0, keys: 0 };
const never = () => Promise.resolve(false);
const PENDING = { status: 503, code: "configuration_pending", members: [] };

/** The id that a registration under this key has reserved. */
const targetOf = async (key: string): Promise<string> =>
  (await env.DB.prepare("SELECT target FROM idempotency WHERE key = ?").bind(key).first<string>("target")) ??
  "";

/**
 * What the caller of a request hears whose batch is met by a fate: its problem; or nothing, because the object is taken
 * away as soon as D1 has done with the batch what it does.
 * @param hasLanded only asked where the batch lands.
 */
async function hears(
  fate: Fate,
  faulty: FaultyDatabase,
  send: () => Promise<Answer>,
  target: () => Promise<string>,
  hasLanded: () => Promise<boolean>,
): Promise<object | "nothing"> {
  faulty.next(fate);
  const request = send();
  if (fate === "fails" || fate === "lands_but_fails") return problemOf(await request);
  const lost = request.catch((fault: unknown) => fault);
  await vi.waitUntil(() => faulty.batches > 0, { timeout: 8_000, interval: 10 });
  if (fate === "lands_silently") await vi.waitUntil(hasLanded, { timeout: 8_000, interval: 10 });
  const id = await target();
  await crash(id.startsWith("wsp_") ? workspaceObject(id) : agentObject(id));
  await lost;
  return "nothing";
}

describe("a registration whose batch", () => {
  const body = (name: string) => ({ name, workspace: home, surface: { tools: ["zendesk"] } });

  it.each<[string, Fate, object | "nothing"]>([
    ["fails before it has landed", "fails", PENDING],
    ["vanishes with its object, between mark and batch", "vanishes", "nothing"],
  ])("%s leaves nothing, and the repeat registers the agent whole", async (_what, fate, heardOfIt) => {
    const { faulty, broken } = withFaults();
    const [name, key] = [freshName(), freshName()];
    const send = () => broken.call("POST", "/agents", { key, body: body(name) });
    expect(await hears(fate, faulty, send, () => targetOf(key), never)).toEqual(heardOfIt);

    const target = await targetOf(key);
    expect(await rowsOf(target)).toEqual(NOTHING);
    expect(await agentObject(target).lease()).toMatchObject({ state: "absent", keys: [] });
    // Until the object has settled it, the claim stands: the first attempt might still have landed.
    const early = await api.call("POST", "/agents", { key, body: body(name) });
    expect(problemOf(early)).toMatchObject({ status: 409, code: "request_in_progress" });
    expect(early.headers.get("retry-after")).not.toBeNull();

    expect(await agentObject(target).isClean()).toBe(true);
    const again = await api.register(body(name), { key });
    expect(again.created.secret_shown).toBe(false);
    expect(again.id).not.toBe(target);
    expect(await rowsOf(target)).toEqual(NOTHING);
    expect(await rowsOf(again.id)).toEqual(WHOLE);
    await api.activate(again.id);
    expect(await heard(again.secret, ask)).toBe("permitted");
  });

  it.each<[string, Fate, object | "nothing"]>([
    ["has landed, though a failure was reported", "lands_but_fails", PENDING],
    ["has landed, and its object was lost before it could apply it", "lands_silently", "nothing"],
  ])(
    "%s is whole: the repeat gets its answer without the secret, and a key can be had",
    async (_what, fate, heardOfIt) => {
      const { faulty, broken } = withFaults();
      const [name, key] = [freshName(), freshName()];
      const send = () => broken.call("POST", "/agents", { key, body: body(name) });
      const hasLanded = async () => (await rowsOf(await targetOf(key)))?.["agents"] === 1;
      expect(await hears(fate, faulty, send, () => targetOf(key), hasLanded)).toEqual(heardOfIt);

      const again = await api.register(body(name), { key });
      expect(again.created).toMatchObject({ secret_shown: true, api_key: { secret: null } });
      expect(again.id).toBe(await targetOf(key));
      expect(await rowsOf(again.id)).toEqual(WHOLE);
      expect(await agentObject(again.id).lease()).toMatchObject({
        state: "provisioned",
        keys: [{ id: again.key }],
      });
      const { api_key: seen } = await api.issueKey(again.id, { replaces: again.key });
      await api.activate(again.id);
      expect(await heard(seen.secret ?? "", ask)).toBe("permitted");
      expect((await api.keys(again.id)).map(({ state }) => state).toSorted()).toEqual(["live", "revoked"]);
    },
  );

  it("arrives late cannot land any more: the agent that the repeat made is the only one", async () => {
    const { faulty, broken } = withFaults();
    const [name, key] = [freshName(), freshName()];
    const send = () => broken.call("POST", "/agents", { key, body: body(name) });
    expect(await hears("held", faulty, send, () => targetOf(key), never)).toBe("nothing");
    const target = await targetOf(key);
    expect(await agentObject(target).isClean()).toBe(true);
    const again = await api.register(body(name), { key });
    expect(await faulty.release()).toEqual([expect.stringContaining("CHECK constraint failed: claim_lost")]);
    expect(await rowsOf(target)).toEqual(NOTHING);
    expect(await rowsOf(again.id)).toEqual(WHOLE);
  });

  it("is refused by name gives its key and its claim back at once", async () => {
    const taken = await api.register(body(freshName()));
    const key = freshName();
    const refused = await api.call("POST", "/agents", { key, body: body(taken.created.agent.name) });
    expect(problemOf(refused).code).toBe("name_taken");
    expect(await targetOf(key)).toBe("");
  });

  it("is settled by the object's own timer, when nobody asks again", async () => {
    const { faulty, broken } = withFaults();
    const [name, key] = [freshName(), freshName()];
    faulty.next("lands_but_fails");
    expect(problemOf(await broken.call("POST", "/agents", { key, body: body(name) }))).toEqual(PENDING);
    const target = await targetOf(key);
    // The mark has armed a timer, ten seconds ahead; here it falls due now.
    await runInDurableObject(agentObject(target), (_object, { storage }) => {
      const due = storage.sql.exec("UPDATE timers SET due = 0 WHERE kind = 'recover'");
      expect(due.rowsWritten).toBeGreaterThan(0);
    });
    expect(await runDurableObjectAlarm(agentObject(target))).toBe(true);
    expect(await agentObject(target).describe()).toMatchObject({ state: "provisioned" });
    const [entry] = await api.auditWith(1, { workspace: home, agent: target, kind: "agent.registered" });
    expect(entry?.data).toMatchObject({ name });
  });
});

describe("an update whose batch", () => {
  let bot: Registered;
  let carriedBy: string;

  beforeAll(async () => {
    bot = await api.start({ name: freshName(), workspace: home, surface: { tools: ["zendesk"] } });
    carriedBy = bot.secret;
  });

  test.each<[string, Fate, object | "nothing"]>([
    ["fails", "fails", PENDING],
    ["has landed, though a failure was reported", "lands_but_fails", PENDING],
    ["vanishes with its object", "vanishes", "nothing"],
    ["has landed, and its object was lost", "lands_silently", "nothing"],
  ])(
    "%s is there or not, never by half, and its repeat is answered either way",
    async (_what, fate, heardOfIt) => {
      const { faulty, broken } = withFaults();
      const before = await api.show(bot.id);
      const description = freshName();
      const tools = ["zendesk", `${description}/a`];
      const options = { key: freshName(), body: { description, surface: { tools } } };
      const send = () => broken.call("PATCH", `/agents/${bot.id}`, options);
      const hasLanded = async () => (await api.show(bot.id)).description === description;
      const target = () => Promise.resolve(bot.id);
      expect(await hears(fate, faulty, send, target, hasLanded)).toEqual(heardOfIt);
      // Leases go on at the old version until it is known what became of the change.
      expect((await agentObject(bot.id).lease()).record_version).toBe(before.record_version);
      expect(await heard(carriedBy, ask)).toBe("permitted");

      const again = await api.call("PATCH", `/agents/${bot.id}`, options);
      expect(again.status).toBe(200);
      const after = await api.show(bot.id);
      expect(after).toMatchObject({ description, surface: { tools: tools.toSorted() } });
      expect(after.record_version).toBeGreaterThan(before.record_version);
      const { results } = await env.DB.prepare("SELECT count(*) AS rows FROM idempotency WHERE key = ?")
        .bind(options.key)
        .all();
      expect(results).toEqual([{ rows: 1 }]);
    },
  );

  it("is not settled keeps further changes waiting (503), and stops nobody from stopping the agent", async () => {
    const { faulty, broken } = withFaults();
    const stuck = await api.start({ name: freshName(), workspace: home, surface: { tools: ["zendesk"] } });
    faulty.next("fails");
    expect(
      problemOf(await broken.call("PATCH", `/agents/${stuck.id}`, { body: { description: "x" } })),
    ).toEqual(PENDING);
    faulty.away(true);
    const later = await broken.call("PATCH", `/agents/${stuck.id}`, { body: { description: "y" } });
    expect(problemOf(later)).toEqual(PENDING);
    expect(later.headers.get("retry-after")).not.toBeNull();
    expect(problemOf(await broken.call("POST", `/agents/${stuck.id}/keys`, { body: {} }))).toEqual(PENDING);

    expect((await broken.stop(stuck.id, "suspend")).state).toBe("suspended");
    expect(await heard(stuck.secret, ask)).toBe(401);
    faulty.away(false);
    expect((await broken.resume(stuck.id)).state).toBe("active");
    expect((await broken.update(stuck.id, { description: "z" })).agent.description).toBe("z");
  });
});

describe("a rotation whose batch", () => {
  test.each<[string, Fate]>([
    ["fails", "fails"],
    ["has landed, though a failure was reported", "lands_but_fails"],
  ])("%s leaves the old key alive or ends it with a halt, and the repeat says which", async (_what, fate) => {
    const { faulty, broken } = withFaults();
    const bot = await api.start({ name: freshName(), workspace: home, surface: { tools: ["zendesk"] } });
    const options = { key: freshName(), body: { replaces: bot.key } };
    faulty.next(fate);
    expect(problemOf(await broken.call("POST", `/agents/${bot.id}/keys`, options))).toEqual(PENDING);
    expect((await agentObject(bot.id).describe())?.keys).toMatchObject([{ id: bot.key, revokedAt: null }]);
    expect(await heard(bot.secret, ask)).toBe("permitted");

    const again = await api.call("POST", `/agents/${bot.id}/keys`, options);
    expect(again.status).toBe(201);
    const body = again.body as Awaited<ReturnType<typeof api.issueKey>>;
    expect(body.secret_shown).toBe(fate === "lands_but_fails");
    expect(body.replaced).toMatchObject({ id: bot.key, halt: { kind: "key", keys: [bot.key] } });
    expect(await heard(bot.secret, ask)).toBe(401);
    expect((await api.keys(bot.id)).map(({ state }) => state).toSorted()).toEqual(["live", "revoked"]);
  });
});

describe("a workspace", () => {
  const rows = (name: string) =>
    env.DB.prepare("SELECT count(*) AS rows FROM workspaces WHERE name = ?").bind(name).first("rows");

  it("whose batch fails is not there, and its object admits nothing; the repeat makes it", async () => {
    const { faulty, broken } = withFaults();
    const [name, key] = [freshName(), freshName()];
    faulty.next("fails");
    expect(problemOf(await broken.call("POST", "/workspaces", { key, body: { name } }))).toEqual(PENDING);
    const target = await targetOf(key);
    expect(await rows(name)).toBe(0);
    expect(await workspaceObject(target).lease()).toMatchObject({ halted: true });
    expect(await workspaceObject(target).isClean()).toBe(true);
    const made = await api.workspace(name, { key });
    expect(made.id).not.toBe(target);
    expect(await workspaceObject(target).lease()).toMatchObject({ halted: true });
    expect(await workspaceObject(made.id).lease()).toMatchObject({ halted: false, config_epoch: 1 });
    expect(await rows(name)).toBe(1);
  });

  it("whose batch has landed, though a failure was reported, is answered only once its object vouches for it", async () => {
    const { faulty, broken } = withFaults();
    const [name, key] = [freshName(), freshName()];
    faulty.next("lands_but_fails");
    expect(problemOf(await broken.call("POST", "/workspaces", { key, body: { name } }))).toEqual(PENDING);
    const target = await targetOf(key);
    expect(await rows(name)).toBe(1);
    expect(await workspaceObject(target).lease()).toMatchObject({ halted: true });
    expect((await api.workspace(name, { key })).id).toBe(target);
    expect(await workspaceObject(target).lease()).toMatchObject({ halted: false, config_epoch: 1 });
    expect(await rows(name)).toBe(1);
  });

  it.each<[string, Fate]>([
    ["fails", "fails"],
    ["has landed, though a failure was reported", "lands_but_fails"],
  ])(
    "whose catalog entry's batch %s has it once, and decisions see it at the next epoch",
    async (_what, fate) => {
      const { faulty, broken } = withFaults();
      const name = freshName();
      const bot = await api.start({ name: freshName(), workspace: home, surface: { tools: [name] } });
      expect(await heard(bot.secret, { tool: name })).toBe("catalog_missing");
      const before = await workspaceObject(homeId).lease();
      const options = { key: freshName(), body: { name, workspace: home } };
      faulty.next(fate);
      expect(problemOf(await broken.call("POST", "/tools", options))).toEqual(PENDING);
      expect((await workspaceObject(homeId).lease()).config_epoch).toBe(before.config_epoch);

      expect((await api.call("POST", "/tools", options)).status).toBe(201);
      expect((await workspaceObject(homeId).lease()).config_epoch).toBeGreaterThan(before.config_epoch);
      expect(await heard(bot.secret, { tool: name })).toBe("permitted");
    },
  );
});
