/** What the embedded server counts in memory: as the rate-limiting binding does, and within a bound. */
import { describe, expect, it } from "vitest";
import { IsolateCounter } from "../../../src/api/isolate-counter.ts";

const START = Date.UTC(2026, 0, 1);

function counting(limit: number, mostKeys?: number) {
  const clock = { time: START, now: () => clock.time };
  const counter = new IsolateCounter(limit, clock, mostKeys);
  const ask = async (key: string) => (await counter.limit({ key })).success;
  return { clock, ask };
}

describe("a counter in an isolate", () => {
  it("lets a key ask as often as the limit says, and no oftener in the period", async () => {
    const { ask } = counting(2);
    expect([await ask("a"), await ask("a"), await ask("a"), await ask("b")]).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it("begins again with each ten seconds, also when the clock has gone back", async () => {
    const { ask, clock } = counting(1);
    await ask("a");
    clock.time = START + 9_999;
    expect(await ask("a")).toBe(false);
    clock.time = START + 10_000;
    expect([await ask("a"), await ask("a")]).toEqual([true, false]);
    clock.time = START;
    expect(await ask("a")).toBe(true);
  });

  it("keeps no more keys than its bound, and refuses nobody for what others have asked", async () => {
    const { ask } = counting(1, 2);
    expect([await ask("a"), await ask("b"), await ask("a")]).toEqual([true, true, false]);
    expect([await ask("c"), await ask("c"), await ask("a")]).toEqual([true, false, true]);
  });
});
