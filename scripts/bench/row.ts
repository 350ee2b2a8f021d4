/** One line of the benchmark, and the arithmetic that all of them share. */
export interface Row {
  readonly name: string;
  /** What the budget is about: a share, a multiple, or the measured figure over its limit. */
  readonly ratio: number;
  readonly kind: "at least" | "at most" | "for information";
  /** Null: nobody has promised anything. */
  readonly budget: number | null;
  readonly ok: boolean;
  /** The figures behind the ratio, and how they came about. */
  readonly measured: string;
}

export const row = (
  name: string,
  ratio: number,
  kind: "at least" | "at most",
  budget: number,
  measured: string,
): Row => ({
  name,
  ratio: Math.round(ratio * 1_000) / 1_000,
  kind,
  budget,
  ok: kind === "at least" ? ratio >= budget : ratio <= budget,
  measured,
});

/** A figure without a budget. */
export const information = (name: string, ratio: number, measured: string): Row => ({
  name,
  ratio: Math.round(ratio * 1_000) / 1_000,
  kind: "for information",
  budget: null,
  ok: true,
  measured,
});

/** By nearest rank: the smallest value that at least this share of all values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error("no values");
  return value;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export const micros = (value: number): string => `${Math.round(value)} µs`;
export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
