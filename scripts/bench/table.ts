/** The benchmark as a table for people: a line of figures per budget, and under it what was measured. */
import type { Row } from "./row.ts";

const UNDER = "    ";

/** @param notYet budgets that cannot be measured yet. */
export function table(rows: readonly Row[], notYet: readonly string[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length), ...notYet.map((name) => name.length));
  const lines = rows.flatMap(({ name, ratio, budget, ok, measured }) => [
    `${name.padEnd(width)}  ${ratio.toFixed(3).padStart(7)}  ${String(budget).padStart(6)}  ${ok ? "ok" : "MISSED"}`,
    `${UNDER}${measured}`,
  ]);
  return [
    `${"what".padEnd(width)}  ${"ratio".padStart(7)}  ${"budget".padStart(6)}`,
    ...lines,
    ...notYet.map((name) => `${name.padEnd(width)}  not yet`),
  ].join("\n");
}
