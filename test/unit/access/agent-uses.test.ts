/** What an isolate tells an agent's object of its use: with the asks that are made anyway. */
import { beforeEach, describe, expect, it } from "vitest";
import { AgentUses, newAgentUseBook } from "../../../src/access/agent-uses.ts";
import type { AgentId, KeyId } from "../../../src/kernel/ids.ts";
import type { AgentAnswer, AgentUse } from "../../../src/lifecycle/lease.ts";

const bot: AgentId = "agt_01j00000000000000000000001";
const [one, two]: [KeyId, KeyId] = ["key_01j00000000000000000000001", "key_01j00000000000000000000002"];
const answer: AgentAnswer = {
  state: "active",
  epoch: 2,
  keys: [],
  record_version: 1,
  revoked: [],
  ttl_ms: 2_000,
};

let now: number;
let asks: (AgentUse | undefined)[];
let isAway: boolean;
let waiting: Promise<unknown>[];
let uses: AgentUses;

beforeEach(() => {
  [now, asks, isAway, waiting] = [1_000_000, [], false, []];
  uses = new AgentUses({
    book: newAgentUseBook(),
    clock: { now: () => now },
    ask: (_agent, use) => {
      asks.push(use);
      return isAway ? Promise.reject(new Error("away")) : Promise.resolve(answer);
    },
    background: (work) => void waiting.push(work.catch(() => undefined)),
  });
});

describe("a use", () => {
  it("goes with the next ask, once", async () => {
    uses.note(bot, one);
    uses.note(bot, two);
    uses.note(bot, one);
    await uses.lease(bot);
    await uses.lease(bot);
    expect(asks).toEqual([{ keys: [one, two] }, undefined]);
  });

  it("by a token names no key", async () => {
    uses.note(bot, null);
    await uses.lease(bot);
    expect(asks).toEqual([{ keys: [] }]);
  });

  it("waits for the next ask when the object is away", async () => {
    isAway = true;
    uses.note(bot, one);
    await expect(uses.lease(bot)).rejects.toThrow("away");
    isAway = false;
    uses.note(bot, two);
    await uses.lease(bot);
    expect(asks.at(-1)).toEqual({ keys: [one, two] });
  });

  it("makes no ask of its own where one has just carried it", async () => {
    uses.note(bot, one);
    await uses.lease(bot);
    uses.tell(bot, one);
    uses.note(bot, one); // the next call, under the same lease
    uses.tell(bot, one);
    expect(asks).toHaveLength(1);
  });

  it("makes an ask of its own where the lease came without it, and at most one a minute", async () => {
    uses.note(bot, one);
    await uses.lease(bot);
    for (let second = 0; second < 60; second += 1) {
      uses.note(bot, two);
      uses.tell(bot, two);
      now += 999;
    }
    await Promise.all(waiting);
    expect(asks).toEqual([{ keys: [one] }, { keys: [two] }]);
    now += 999;
    uses.note(bot, two);
    uses.tell(bot, two);
    expect(asks).toHaveLength(3);
  });

  it("is told also after the clock has stepped back", async () => {
    uses.note(bot, one);
    await uses.lease(bot);
    now -= 3_600_000;
    uses.note(bot, one);
    uses.tell(bot, one);
    expect(asks).toHaveLength(2);
  });

  it("of many keys takes a bounded room, because dead keys come by here as well", async () => {
    for (let n = 0; n < 10_000; n += 1) uses.note(bot, `key_${n}`);
    await uses.lease(bot);
    expect(asks[0]?.keys).toHaveLength(16);
  });
});
