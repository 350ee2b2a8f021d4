/**
 * Merges the records of several ledgers by time. Each ledger keeps its own order, in which a late record comes after
 * records with later times: it is placed at the time that its ledger has reached.
 */
interface Timed {
  readonly time: string;
}

/** @param ledgers the records of each, in the order of the list. */
export function byTime<T extends Timed>(
  ledgers: readonly (readonly T[])[],
  first: "newest" | "oldest",
): readonly T[] {
  const sign = first === "oldest" ? 1 : -1;
  const placed = ledgers.flatMap((entries) => {
    let reached = "";
    return entries.map((entry) => {
      if (reached === "" || (entry.time < reached ? -1 : 1) === sign) reached = entry.time;
      return { entry, reached };
    });
  });
  return placed
    .toSorted((a, b) => (a.reached === b.reached ? 0 : sign * (a.reached < b.reached ? -1 : 1)))
    .map(({ entry }) => entry);
}
