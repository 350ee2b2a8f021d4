import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrive, EMPTY_LINE, missingCount, type NumberLine } from "../../../src/audit/number-line.ts";

const after = (numbers: readonly number[]): NumberLine =>
  numbers.reduce<NumberLine>((line, n) => arrive(line, n) ?? line, EMPTY_LINE);

describe("a producer's numbers", () => {
  it("shows what has not arrived as ranges (P8)", () => {
    expect(after([1, 2, 3])).toEqual({ highest: 3, missing: [] });
    expect(after([1, 5, 8])).toEqual({
      highest: 8,
      missing: [
        { from: 2, to: 4 },
        { from: 6, to: 7 },
      ],
    });
    expect(after([2])).toEqual({ highest: 2, missing: [{ from: 1, to: 1 }] });
  });

  it("closes a gap from either end and from within", () => {
    const gap = after([1, 9]);
    expect(arrive(gap, 2)?.missing).toEqual([{ from: 3, to: 8 }]);
    expect(arrive(gap, 8)?.missing).toEqual([{ from: 2, to: 7 }]);
    expect(arrive(gap, 5)?.missing).toEqual([
      { from: 2, to: 4 },
      { from: 6, to: 8 },
    ]);
  });

  it("knows a number that was there already", () => {
    expect(arrive(after([1, 2, 5]), 2)).toBeNull();
    expect(arrive(after([1, 2, 5]), 5)).toBeNull();
  });

  it("is the same in whatever order the numbers arrive", () => {
    const arrivals = fc
      .uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1 })
      .chain((numbers) =>
        fc.tuple(fc.constant(numbers), fc.shuffledSubarray(numbers, { minLength: numbers.length })),
      );
    fc.assert(
      fc.property(arrivals, ([numbers, shuffled]) => {
        const line = after(shuffled);
        expect(line).toEqual(after(numbers.toSorted((a, b) => a - b)));
        expect(line.highest).toBe(Math.max(...numbers));
        expect(missingCount(line)).toBe(Math.max(...numbers) - numbers.length);
      }),
    );
  });
});
