/** The benchmark as a table for people: a line of figures per budget, and under it what was measured. */
import type { Row } from "./row.ts";

const UNDER = "    ";
const SIGN = { "at least": "≥", "at most": "≤", "for information": "" } as const;

export function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.flatMap(({ name, ratio, kind, budget, ok, measured }) => [
    `${name.padEnd(width)}  ${ratio.toFixed(3).padStart(7)}  ${budget === null ? "none" : `${`${SIGN[kind]} ${budget}`.padEnd(6)}  ${ok ? "ok" : "MISSED"}`}`,
    `${UNDER}${measured}`,
  ]);
  return [`${"what".padEnd(width)}  ${"ratio".padStart(7)}  budget`, ...lines].join("\n");
}
