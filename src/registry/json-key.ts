/**
 * A text key for JSON values: equal values have equal keys, whatever the order of their members (JSON Schema 2020-12,
 * core §4.2.2).
 */
import type { Steps } from "./steps.ts";

/** @param steps the budget, spent by the size of the value. When it is used up, the key is meaningless. */
export function jsonKey(value: unknown, steps: Steps): string {
  if (typeof value === "string") {
    return steps.spend(value.length) ? JSON.stringify(value) : "";
  }
  if (!steps.spend(1)) return "";
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each) => jsonKey(each, steps)).join(",")}]`;
  const members: Readonly<Record<string, unknown>> = { ...value };
  const written = Object.keys(members)
    .toSorted()
    .map((name) => `${JSON.stringify(name)}:${jsonKey(members[name], steps)}`);
  return `{${written.join(",")}}`;
}
