/**
 * Merges records of several ledgers by time. Records with the same time keep their order, because each ledger has an
 * order of its own.
 */
import type { ShownEntry } from "../../../contract/audit.ts";

export function byTime(entries: readonly ShownEntry[], first: "newest" | "oldest"): readonly ShownEntry[] {
  const sign = first === "oldest" ? 1 : -1;
  return entries.toSorted((a, b) => (a.time === b.time ? 0 : sign * (a.time < b.time ? -1 : 1)));
}
