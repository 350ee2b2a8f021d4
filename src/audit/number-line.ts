/**
 * The numbers of one producer that have arrived. Producers number from 1 without a gap, and records arrive in any
 * order. So a missing number below the highest one is delayed or lost (P8).
 */

export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

export interface NumberLine {
  readonly highest: number;
  /** Ranges below `highest` that have not arrived: rising, and separate from each other. */
  readonly missing: readonly NumberRange[];
}

export const EMPTY_LINE: NumberLine = { highest: 0, missing: [] };

/** @returns the line with `n` on it, or null when `n` was there already. */
export function arrive(line: NumberLine, n: number): NumberLine | null {
  const { highest, missing } = line;
  if (n === highest + 1) return { highest: n, missing };
  if (n > highest) return { highest: n, missing: [...missing, { from: highest + 1, to: n - 1 }] };
  const at = missing.findIndex((range) => range.from <= n && n <= range.to);
  const range = missing[at];
  if (range === undefined) return null;
  const rest = [
    { from: range.from, to: n - 1 },
    { from: n + 1, to: range.to },
  ].filter(({ from, to }) => from <= to);
  return { highest, missing: missing.toSpliced(at, 1, ...rest) };
}

/** How many numbers are missing. */
export const missingCount = ({ missing }: NumberLine): number =>
  missing.reduce((count, { from, to }) => count + to - from + 1, 0);
