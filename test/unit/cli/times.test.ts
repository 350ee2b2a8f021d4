import { expect, it } from "vitest";
import { relative } from "../../../src/cli/times.ts";

const NOW = Date.parse("2026-11-23T09:00:00Z");
const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

it.each([
  [8 * HOUR - 1, "in 8 h"],
  [90 * DAY - 40 * SECOND, "in 90 d"],
  [HOUR - 20 * SECOND, "in 1 h"],
  [DAY - 1, "in 1 d"],
  [5 * MINUTE + 10 * SECOND, "in 5 min"],
  [999, "now"],
])(
  "what is to come in %d ms is said as %s: an end that was chosen a moment ago is the one chosen",
  (left, said) => {
    expect(relative(new Date(NOW + left).toISOString(), NOW)).toBe(said);
  },
);

it.each([
  [8 * HOUR - 1, "7 h ago"],
  [DAY + HOUR, "1 d ago"],
  [59 * SECOND, "59 s ago"],
  [0, "now"],
])("what has passed %d ms ago is said as %s, in whole units", (passed, said) => {
  expect(relative(new Date(NOW - passed).toISOString(), NOW)).toBe(said);
});
