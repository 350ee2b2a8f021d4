/**
 * What a server can do, as far as the caller may use it. A client asks for what is announced as soon as it has connected,
 * so an agent with single operations would hear refusals that nobody has asked for.
 */
import { mcpOperation } from "../../contract/mcp-operations.ts";
import { isObject, type Members } from "../../mcp/json-members.ts";
import type { Era } from "../../mcp/revision.ts";
import { offers, type DoorView } from "./door-view.ts";

/**
 * The methods of each capability: it is announced to whoever may use one of them. A map, because a server may name a
 * capability as every object of JavaScript names a member.
 */
const METHODS: ReadonlyMap<string, readonly string[]> = new Map([
  ["prompts", ["prompts/list", "prompts/get"]],
  ["resources", ["resources/list", "resources/templates/list", "resources/read"]],
  ["completions", ["completion/complete"]],
]);

/** Of the legacy era; a modern client names the level with each request. */
const LEVEL = "logging/setLevel";

/** Members of a capability that stand for a method of their own. */
const MEMBERS: ReadonlyMap<string, string> = new Map([
  ["listChanged", "subscriptions/listen"],
  ["subscribe", "resources/subscribe"],
]);

export const mayUse = (view: DoorView, method: string): boolean => offers(view, mcpOperation(method));

/** @param era of the client. */
export function offeredCapabilities(view: DoorView, capabilities: unknown, era: Era): Members {
  const said = isObject(capabilities) ? capabilities : {};
  const isAnnounced = (name: string): boolean => {
    if (name === "logging") return era === "modern" || mayUse(view, LEVEL);
    return METHODS.get(name)?.some((method) => mayUse(view, method)) ?? true;
  };
  return Object.fromEntries(
    Object.entries(said)
      .filter(([name]) => isAnnounced(name))
      .map(([name, capability]) => [name, isObject(capability) ? membersOf(view, capability) : capability]),
  );
}

const membersOf = (view: DoorView, capability: Members): Members =>
  Object.fromEntries(
    Object.entries(capability).filter(([name]) => {
      const method = MEMBERS.get(name);
      return method === undefined || mayUse(view, method);
    }),
  );
