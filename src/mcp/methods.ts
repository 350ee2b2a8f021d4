/** The methods of both eras, and what Dome has to know of each. */
import type { Era } from "./revision.ts";

/** The parameter that names the thing a request is about, and that `Mcp-Name` repeats in the modern era. */
const NAMED_BY: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
]);

export const nameParameter = (method: string): string | undefined => NAMED_BY.get(method);

const LISTS = ["tools/list", "resources/list", "resources/templates/list", "prompts/list"];
const SUBSCRIPTIONS = ["resources/subscribe", "resources/unsubscribe"];
const BOTH = [...LISTS, ...NAMED_BY.keys(), "completion/complete"];

const REQUESTS: Readonly<Record<Era, ReadonlySet<string>>> = {
  modern: new Set([...BOTH, "server/discover", "subscriptions/listen"]),
  legacy: new Set([...BOTH, "initialize", "ping", "logging/setLevel", ...SUBSCRIPTIONS]),
};

/**
 * Whether a request of this method is served in this era. Tasks are served in neither: the id of a task would outlive
 * the decision that made it.
 */
export const isServed = (method: string, era: Era): boolean => REQUESTS[era].has(method);

/** A request for a part of a list, which is filtered per agent. */
export const isList = (method: string): boolean => LISTS.includes(method);

/** Whether a modern result of this method says how long and for whom it may be kept. */
export const isCacheable = (method: string): boolean =>
  isList(method) || method === "resources/read" || method === "server/discover";

/** A request about news of one resource, which come on a stream of their own in the legacy era. */
export const isSubscription = (method: string): boolean => SUBSCRIPTIONS.includes(method);

/** Requests that the modern revision removed and legacy clients still send: a modern upstream does not know them. */
const REMOVED: ReadonlySet<string> = new Set(["ping", "logging/setLevel", ...SUBSCRIPTIONS]);

/** Whether Dome answers this request of a legacy client itself, because its upstream is modern. */
export const isRemovedInModern = (method: string): boolean => REMOVED.has(method);
