/**
 * The load of an outage, with the real lease client in every isolate: the object that all isolates need is away for
 * three seconds, and then all of them want an answer at once from an object that serves a thousand requests a second.
 */
import { describe, expect, it } from "vitest";
import { nodeProcess } from "../../support/node-process.ts";
import { domeIsolate, heedlessIsolate, outage, overAt, type Load } from "./stampede/outage.ts";

const DEEP = nodeProcess.env["DOME_DEEP"] === "1";
const LOAD: Load = { isolates: 600, checksPerSecond: 1_000, awayAt: 4_000, awayMs: 3_000, endsAt: 24_000 };
const SEEDS = DEEP ? Array.from({ length: 20 }, (_, index) => index + 1) : [1];
const TIMEOUT = { timeout: DEEP ? 600_000 : 60_000 };

describe("an outage of the object that all isolates need", TIMEOUT, () => {
  it.each(SEEDS)(
    "is over within 15 seconds of its beginning, for 600 isolates under load (seed %d)",
    async (seed) => {
      const outcome = await outage(seed, LOAD, domeIsolate);
      const before = outcome.seconds.slice(1, 3);
      expect(before.every(({ checks, served }) => served === checks && checks > 800)).toBe(true);
      expect(outcome.seconds[6]?.served).toBe(0);
      expect(overAt(outcome)).toBeLessThanOrEqual(LOAD.awayAt + 15_000);
      // No isolate asks more than once in 800 ms, so the crowd is bounded by the isolates and not by the checks.
      expect(Math.max(...outcome.seconds.map(({ asked }) => asked))).toBeLessThan(2 * LOAD.isolates);
    },
  );

  it("does not end by itself where each request asks for itself and late answers are dropped", async () => {
    const load = DEEP ? { ...LOAD, endsAt: 60_000 } : LOAD;
    const outcome = await outage(1, load, heedlessIsolate);
    expect(overAt(outcome)).toBe(load.endsAt);
    expect(outcome.seconds.slice(-5).every(({ checks, served }) => served < checks / 2)).toBe(true);
  });
});
