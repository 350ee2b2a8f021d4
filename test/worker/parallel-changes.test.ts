/**
 * Changes of one owner that come at the same moment: each is made, once, one after the other. People run scripts in parallel,
 * and a change that is refused because another was faster is one that somebody has to notice and repeat.
 */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { agentPatch, agentUpdated } from "../../src/contract/agent.ts";
import { FaultyDatabase } from "../support/faulty-database.ts";
import { bindingsWithFaultyObjects } from "../support/faulty-objects.ts";
import { workerWith } from "../support/observed-bindings.ts";
import { freshWorkspace, operator, problemOf, workspaceObject, type Answer } from "../support/worker-api.ts";

const api = operator();

/** How many come at the same moment: fewer than may wait. */
const AT_ONCE = 8;

const together = (send: (index: number) => Promise<Answer>, count = AT_ONCE): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => send(index)));

const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status);
const every = (status: number, count = AT_ONCE): number[] => Array.from({ length: count }, () => status);

it("makes each of many patches of an agent, one after the other, and records each (P8)", async () => {
  const home = await freshWorkspace();
  const bot = await api.register({ name: "bot", workspace: home });
  const before = (await api.show(bot.id)).record_version;
  const answers = await together((index) =>
    api.call("PATCH", `/agents/${bot.id}`, { body: agentPatch.parse({ description: `the ${index}.` }) }),
  );
  expect(statuses(answers)).toEqual(every(200));
  const versions = answers.map(({ body }) => agentUpdated.parse(body).agent.record_version);
  expect(versions.toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: AT_ONCE }, (_, index) => before + 1 + index),
  );
  const last = answers.findIndex((_, index) => versions[index] === before + AT_ONCE);
  expect(await api.show(bot.id)).toMatchObject({
    description: `the ${last}.`,
    record_version: before + AT_ONCE,
  });
  const trail = await api.auditWith(AT_ONCE, { workspace: home, agent: bot.id, kind: "agent.updated" });
  expect(trail).toHaveLength(AT_ONCE);
});

it("issues as many keys as an agent may have to those who ask at once, and refuses the others by that rule", async () => {
  const bot = await api.register({ name: "many-keys", workspace: await freshWorkspace() });
  for (let more = 0; more < 4; more += 1) await api.issueKey(bot.id);
  const answers = await together(() => api.call("POST", `/agents/${bot.id}/keys`, { body: {} }));
  const issued = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ status }) => status !== 201).map((answer) => problemOf(answer).code);
  expect(issued).toHaveLength(5); // ten, with the first five
  expect(refused).toEqual(["key_limit", "key_limit", "key_limit"]);
  expect(await api.keys(bot.id)).toHaveLength(10);
});

it("adds each of many entries to a catalog, in one epoch each", async () => {
  const home = await freshWorkspace();
  const { id } = await api.showWorkspace(home);
  const before = (await workspaceObject(id).lease()).config_epoch;
  const answers = await together((index) =>
    api.call("POST", "/tools", { body: { name: `tool-${index}`, workspace: home } }),
  );
  expect(statuses(answers)).toEqual(every(201));
  expect((await workspaceObject(id).lease()).config_epoch).toBe(before + AT_ONCE);
});

it("gives the same answer to the same request sent many times at once, and makes its change once (P12)", async () => {
  const home = await freshWorkspace();
  const { id } = await api.showWorkspace(home);
  const before = (await workspaceObject(id).lease()).config_epoch;
  const options = { key: "sent-at-once", body: { name: "once", workspace: home } };
  const answers = await together(() => api.call("POST", "/tools", options));
  expect(statuses(answers)).toEqual(every(201));
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  expect((await workspaceObject(id).lease()).config_epoch).toBe(before + 1);
});

it("gives a new key's secret to one of those who send the same request at once (P4, P12)", async () => {
  const bot = await api.register({ name: "one-secret", workspace: await freshWorkspace() });
  const answers = await together(() =>
    api.call("POST", `/agents/${bot.id}/keys`, { key: "one-secret", body: {} }),
  );
  expect(statuses(answers)).toEqual(every(201));
  const shown = answers.filter(({ body }) => !(body as { readonly secret_shown: boolean }).secret_shown);
  expect(shown).toHaveLength(1);
  expect(await api.keys(bot.id)).toHaveLength(2);
});

it("lets one of many changes pass that are all made for the same version (If-Match)", async () => {
  const bot = await api.register({ name: "matched", workspace: await freshWorkspace() });
  const { headers } = await api.call("GET", `/agents/${bot.id}`);
  const match = { "if-match": headers.get("etag") ?? "" };
  const answers = await together((index) =>
    api.call("PATCH", `/agents/${bot.id}`, { headers: match, body: { description: `the ${index}.` } }),
  );
  expect(statuses(answers).toSorted((a, b) => a - b)).toEqual([200, ...every(412, AT_ONCE - 1)]);
});

it("tells those who are too many at once to come again, and has made none of theirs", async () => {
  const home = await freshWorkspace();
  const faulty = new FaultyDatabase(env.DB);
  const door = operator(undefined, workerWith(bindingsWithFaultyObjects(faulty)));
  const MANY = 40;
  const answers = await together(
    (index) => door.call("POST", "/tools", { body: { name: `tool-${index}`, workspace: home } }),
    MANY,
  );
  const made = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ status }) => status !== 201);
  expect(made.length).toBeGreaterThanOrEqual(16);
  for (const answer of refused) {
    expect(problemOf(answer)).toEqual({ status: 503, code: "configuration_pending", members: [] });
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(JSON.stringify(answer.body)).toContain("has not made this one");
  }
  const { body } = await api.call("GET", `/tools?workspace=${home}&limit=100`);
  expect((body as { readonly items: readonly unknown[] }).items).toHaveLength(made.length);
});
