/** What somebody with a dead credential can make the database do by presenting it again and again. */
import { expect, it } from "vitest";
import { operatorCreated } from "../../src/contract/operator.ts";
import { watchedBindings, workerWith } from "../support/observed-bindings.ts";
import { operator } from "../support/worker-api.ts";

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
