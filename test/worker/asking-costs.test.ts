/** What somebody with a dead credential can make the database do by presenting it again and again. */
import { expect, it } from "vitest";
import { operatorCreated } from "../../src/contract/operator.ts";
import { watchedBindings, workerWith } from "../support/observed-bindings.ts";
import { eventually, freshWorkspace, operator } from "../support/worker-api.ts";

const api = operator();

it("a dead operator token costs the database one look-up of an isolate, however often it is presented", async () => {
  const body = { subject: "gone@example.com", role: "auditor" };
  const made = operatorCreated.parse((await api.call("POST", "/operators", { body })).body);
  const { secret } = made.operator_token;
  if (secret === null) throw new Error("no secret");
  const uses: string[] = [];
  const door = workerWith(watchedBindings((use) => void uses.push(use)));
  const present = async () => (await operator(secret, door).call("GET", "/operators/self")).status;
  const lookUps = () => uses.filter((use) => use === "DB.raw" || use === "DB.all").length;
  expect([await present(), await present(), lookUps()]).toEqual([200, 200, 2]);
  expect((await api.call("DELETE", `/operators/${made.operator.id}`)).status).toBe(200);
  expect([await present(), lookUps()]).toEqual([401, 3]);
  for (let again = 0; again < 64; again += 1) expect(await present()).toBe(401);
  expect(lookUps()).toBe(3);
});

it("a dead API key costs the database its own look-up and nothing for the record of its refusal", async () => {
  const home = await freshWorkspace();
  const agents = await Promise.all(
    Array.from({ length: 4 }, async (_, index) => api.start({ name: `gone-${index}`, workspace: home })),
  );
  await Promise.all(agents.map(({ id, key }) => api.revokeKey(id, key)));
  const uses: string[] = [];
  const door = workerWith(watchedBindings((use) => void uses.push(use)));
  for (const { secret } of agents)
    expect((await operator(secret, door).call("GET", "/agents/self")).status).toBe(401);
  expect(uses.filter((use) => use === "DB.raw" || use === "DB.all")).toHaveLength(agents.length);
  await eventually(async () => {
    const refused = await api.audit({ workspace: home, kind: "credential.refused" });
    expect(new Set(refused.map(({ agent }) => agent))).toEqual(new Set(agents.map(({ id }) => id)));
  });
});
