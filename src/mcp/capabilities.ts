/**
 * What a legacy client is told of a server when its session begins. Announced is only what Dome serves: tasks never,
 * because the id of a task would outlive its decision. The server's instructions are left out: a model reads them, and
 * nobody has approved them.
 */
import { defined } from "../kernel/defined.ts";
import { isObject, type Members } from "./json-members.ts";
import { mapMember, withMembers } from "./json-text.ts";
import type { Era } from "./revision.ts";
import { LEGACY } from "./revision.ts";

/** Dome as a client of a server, and as a server. */
export const DOME = { name: "dome", version: "1" } as const;

/** What the door of all servers serves, whatever the servers behind it have. */
export const ALL_CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
} as const;

/** Legacy revisions that Dome speaks itself; another one is answered with the newest of them, as servers do. */
const SPOKEN: readonly string[] = [LEGACY, "2025-06-18"];

/** The version for a client that proposes this one, of a server that has none of its own to say. */
export const spokenVersion = (proposed: unknown): string =>
  SPOKEN.find((version) => version === proposed) ?? LEGACY;

/** The parameters of an `initialize` as they go to a legacy server: the client's, without tasks. */
export const withoutTasks = (params: string): string =>
  mapMember(params, "capabilities", (capabilities) =>
    capabilities.startsWith("{") ? withMembers(capabilities, { tasks: null }) : capabilities,
  );

interface Introduced {
  /** The revision of the session. */
  readonly version: string;
  /** What the server says that it can do. */
  readonly capabilities: unknown;
  /** The era of the server. */
  readonly era: Era;
  /** The tool of the door; null: it is the door of all. */
  readonly tool: string | null;
}

/** The result of `initialize`. */
export const initializeResult = ({ version, capabilities, era, tool }: Introduced): Members => ({
  protocolVersion: version,
  capabilities: announced(capabilities, era),
  serverInfo: { ...DOME, ...defined({ title: tool ?? undefined }) },
});

const SERVED = ["tools", "prompts", "resources", "completions", "logging"] as const;

/** What means the same in both eras: between them there is no stream for changes. */
export function sharedCapabilities(capabilities: unknown): Members {
  const said = isObject(capabilities) ? capabilities : {};
  return Object.fromEntries(SERVED.flatMap((name) => (isObject(said[name]) ? [[name, {}]] : [])));
}

/**
 * A legacy server's own, as far as they are served. For a modern one Dome takes the level of messages, which it names
 * with each request.
 */
function announced(capabilities: unknown, era: Era): Members {
  if (era === "modern") return { tools: {}, ...sharedCapabilities(capabilities), logging: {} };
  const said = isObject(capabilities) ? capabilities : {};
  return Object.fromEntries(SERVED.flatMap((name) => (isObject(said[name]) ? [[name, said[name]]] : [])));
}
