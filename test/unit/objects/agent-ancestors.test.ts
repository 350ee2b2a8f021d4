/** How long a start waits for its ancestors: an answer that comes later than it is good for is no answer. */
import { describe, expect, it } from "vitest";
import { LEASE_TTL_MS } from "../../../src/lifecycle/lease.ts";
import { askAncestors } from "../../../src/objects/agent-ancestors.ts";
import type { AgentParts } from "../../../src/objects/agent-stop.ts";
import type { TransitionCommand } from "../../../src/operations/owners/agent-owner.ts";
import { ManualTime } from "../../support/manual-timers.ts";

function asking(state: string, all: () => Promise<unknown>) {
  const time = new ManualTime();
  let asked = 0;
  const db = {
    all: () => {
      asked += 1;
      return all();
    },
  };
  const parts = {
    deps: { clock: time, timers: time, log: { write: () => undefined }, db },
    store: { read: () => ({ id: "agt_1", state }) },
  } as unknown as AgentParts;
  const answer = askAncestors(parts, { command: "activate" } as TransitionCommand);
  return { time, answer, asked: () => asked };
}

describe("the ancestors of an agent that is to start", () => {
  it("are asked", async () => {
    const { answer, asked } = asking("provisioned", async () => []);
    expect(await answer).toEqual({ askedAt: 0, run: { ok: true, value: undefined } });
    expect(asked()).toBe(1);
  });

  it("are waited for as long as their answer would be good, and no longer", async () => {
    const { time, answer } = asking("suspended", () => new Promise(() => undefined));
    let settled = false;
    const over = answer.finally(() => {
      settled = true;
    });
    await time.advance(LEASE_TTL_MS - 1);
    expect(settled).toBe(false);
    await time.advance(1);
    expect(await over).toBeNull();
  });

  it("are not asked when it runs: the end of a drain waits for no database", async () => {
    const { answer, asked } = asking("active", () => new Promise(() => undefined));
    expect(await answer).toBeNull();
    expect(asked()).toBe(0);
  });
});
