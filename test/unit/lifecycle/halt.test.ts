import { describe, expect, test } from "vitest";
import { becomeEffective, EFFECTIVE_BOUND_MS, effectiveInMs, stopWait } from "../../../src/lifecycle/halt.ts";
import { STOP_WAIT_MS } from "../../../src/lifecycle/lease.ts";

const waiting = { id: "hlt_1", committedAt: 1_000_000, effectiveAt: null };
const effective = { id: "hlt_1", committedAt: 1_000_000, effectiveAt: 1_002_510 };

test("the published bound leaves room for the wait", () => {
  expect(EFFECTIVE_BOUND_MS).toBe(2600);
  expect(STOP_WAIT_MS).toBeLessThan(EFFECTIVE_BOUND_MS);
});

describe("the wait of a halt", () => {
  test("is always whole, for a new instance as for the one that committed (P3)", () => {
    expect(stopWait(waiting)).toBe(2500);
    const longAgo = { ...waiting, committedAt: 0 };
    expect(stopWait(longAgo)).toBe(2500);
  });

  test("is over when the halt is effective", () => {
    expect(stopWait(effective)).toBe(0);
  });

  test("ends in the halt being effective, once", () => {
    expect(becomeEffective(waiting, 1_002_510)).toEqual(effective);
    expect(becomeEffective(effective, 1_009_999)).toBe(effective);
  });

  test.each([999_000, 1_000_000, 1_002_499])(
    "is not denied by a clock that stood still or stepped back: at %i the receipt says the commit and the wait",
    (now) => {
      expect(becomeEffective(waiting, now).effectiveAt).toBe(1_002_500);
    },
  );
});

describe("the forecast", () => {
  test.each([
    [null, 1_000_900, 2500],
    [1_000_010, 1_000_010, 2500],
    [1_000_010, 1_001_010, 1500],
    [1_000_010, 1_002_510, 0],
    [1_000_010, 1_009_999, 0],
    [1_000_010, 990_000, 2500],
  ])(
    "with a wait begun at %o says at %i: %i ms, never more than the wait and never less than nothing",
    (begun, now, ms) => {
      expect(effectiveInMs(waiting, begun, now)).toBe(ms);
    },
  );

  test("is nothing once the halt is effective", () => {
    expect(effectiveInMs(effective, 1_000_010, 1_000_020)).toBe(0);
  });
});
