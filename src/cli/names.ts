/** What ids are called, as answers of the service say it: names of agents, addresses of users. */
export type Names = Readonly<Record<string, string>>;

/** @returns the id itself where its name is not known. */
export const called = (names: Names, id: string): string =>
  Object.hasOwn(names, id) ? (names[id] ?? id) : id;

/** The agents of a chain, who acts first: `helper for triage`. */
export const chainText = (names: Names, agents: readonly string[]): string =>
  agents.map((id) => called(names, id)).join(" for ");
