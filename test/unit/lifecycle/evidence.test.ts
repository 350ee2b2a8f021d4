import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { evidenceLevel, type EvidenceLevel } from "../../../src/lifecycle/evidence.ts";

describe("the step of a ledger", () => {
  test.each([
    [0, "ok"],
    [69, "ok"],
    [70, "alarm"],
    [94, "alarm"],
    [95, "full"],
    [100, "full"],
    [250, "full"],
  ] as const)("is, on the way up, at %i percent %s", (bytes, level) => {
    expect(evidenceLevel(bytes, 100, "ok")).toBe(level);
  });

  test.each([
    [94, "full"],
    [90, "full"],
    [89, "alarm"],
    [65, "alarm"],
    [64, "ok"],
  ] as const)("is, on the way down from full, at %i percent %s", (bytes, level) => {
    expect(evidenceLevel(bytes, 100, "full")).toBe(level);
  });

  it("does not flap: sizes that differ by less than 5 percent of the capacity never lead to two changes back and forth", () => {
    const levels = fc.constantFrom<EvidenceLevel>("ok", "alarm", "full");
    fc.assert(
      fc.property(
        levels,
        fc.double({ min: 0, max: 120, noNaN: true }),
        fc.double({ min: 0, max: 4.9, noNaN: true }),
        (before, size, less) => {
          const risen = evidenceLevel(size, 100, before);
          const fallen = evidenceLevel(size - less, 100, risen);
          expect(evidenceLevel(size, 100, fallen)).toBe(risen);
          expect(evidenceLevel(size - less, 100, evidenceLevel(size, 100, fallen))).toBe(fallen);
        },
      ),
    );
  });
});
