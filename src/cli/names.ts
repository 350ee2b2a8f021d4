/** Names for ids, from answers of the service: names of agents, e-mail addresses of users. */
export type Names = Readonly<Record<string, string>>;

/** @returns the id itself when its name is not known. */
export const called = (names: Names, id: string): string =>
  Object.hasOwn(names, id) ? (names[id] ?? id) : id;

/** The agents of a chain, the current actor first: `helper for triage`. */
export const chainText = (names: Names, agents: readonly string[]): string =>
  agents.map((id) => called(names, id)).join(" for ");
