/**
 * How many round trips in series the first request of an isolate costs: far from the database each of them is a tenth
 * of a second and more. Counted by a logical clock, never in seconds.
 */
import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { textOf } from "../../src/credentials/key-format.ts";
import { systemRandom } from "../../src/kernel/random.ts";
import { stepsInSeries, watchedBindings } from "../support/observed-bindings.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  check,
  eventually,
  freshWorkspace,
  operator,
  requestToken,
  token,
  type Door,
  type Registered,
} from "../support/worker-api.ts";
import { exchange, peers } from "./exchange.fixture.ts";

const api = operator();
const ask = { tool: "crm" };
let caller: Registered;
let delegator: Registered;

beforeAll(async () => {
  const home = await freshWorkspace();
  await api.addTool({ name: "crm", workspace: home });
  ({ caller, delegator } = await peers(home, ["caller", "delegator"]));
  await check(caller.secret, ask); // so that the signing keys are made
  await check(delegator.secret, ask);
  await token(caller.secret);
  // The first use of an item in a day is written behind the answer; from then on isolates read that it was.
  const unwritten = env.DB.prepare(
    "SELECT count(*) AS n FROM agent_surfaces WHERE name = 'crm' AND used_on IS NULL",
  );
  await eventually(async () => {
    const left = await unwritten.first<number>("n");
    if (left !== 0) throw new Error(`${left} uses are not written`);
  });
});

/** The steps of the first request of an isolate. That a key was used travels with the lease: it is no step at all. */
async function coldSteps(send: (door: Door) => Promise<{ readonly status: number }>) {
  const { watch, uses } = stepsInSeries();
  const door = await anotherIsolate(watchedBindings(watch));
  const { status } = await send(door);
  const steps: string[][] = [];
  for (const [step, use] of uses) (steps[step - 1] ??= []).push(use);
  return { status, steps: steps.map((step) => step.toSorted()) };
}

it("a cold check with a raw key takes four steps: the key and `org`; the leases; the configuration; the evidence", async () => {
  expect(await coldSteps((door) => check(caller.secret, ask, door))).toEqual({
    status: 200,
    steps: [
      ["DB.raw", "WORKSPACE.lease"],
      ["AGENT.lease", "WORKSPACE.lease"],
      ["DB.batch"],
      ["AGENT.record"],
    ],
  });
});

it("a cold check with a call token takes four steps: the signing keys and `org`; the leases; the configuration; the evidence", async () => {
  const carried = await token(caller.secret);
  expect(await coldSteps((door) => check(carried, ask, door))).toEqual({
    status: 200,
    steps: [
      ["DB.batch", "WORKSPACE.lease"],
      ["AGENT.lease", "WORKSPACE.lease"],
      ["DB.batch"],
      ["AGENT.record"],
    ],
  });
});

it("a cold check with the token of a chain takes as many: every agent of it is asked and read at once", async () => {
  const subject = await token(delegator.secret);
  const answer = await exchange(caller, { subject_token: subject });
  const { access_token: chained } = JSON.parse(answer.text) as { access_token: string };
  expect(await coldSteps((door) => check(chained, ask, door))).toEqual({
    status: 200,
    steps: [
      ["DB.batch", "WORKSPACE.lease"],
      ["AGENT.lease", "AGENT.lease", "WORKSPACE.lease"],
      ["DB.batch"],
      ["AGENT.record"],
    ],
  });
});

it("a cold token request takes four steps", async () => {
  const { status, steps } = await coldSteps((door) => requestToken(caller.secret, {}, door));
  expect({ status, steps: steps.length }).toEqual({ status: 200, steps: 4 });
});

it("a cold exchange takes six steps: between the client and the evidence stand the delegator's lease and its record", async () => {
  const subject = await token(delegator.secret);
  expect(await coldSteps((door) => exchange(caller, { subject_token: subject }, door))).toEqual({
    status: 200,
    steps: [
      ["DB.raw", "WORKSPACE.lease"],
      ["AGENT.lease", "DB.batch", "WORKSPACE.lease"],
      ["DB.batch"],
      ["AGENT.lease"],
      ["DB.batch"],
      ["AGENT.record"],
    ],
  });
});

it("a made-up key takes no step at all (P11)", async () => {
  const madeUp = textOf("dome_at_", systemRandom.bytes(32));
  expect(await coldSteps((door) => check(madeUp, ask, door))).toEqual({ status: 401, steps: [] });
});
