/**
 * What each side is told of the other when a connection begins. Announced is only what Dome serves: tasks never, because
 * the id of a task would outlive its decision. Between two eras nothing is announced that needs a stream of its own.
 */
import { defined } from "../kernel/defined.ts";
import { isObject, type Members } from "./json-members.ts";
import { mapMember, withMembers } from "./json-text.ts";
import { LEGACY, META, MODERN } from "./revision.ts";

/** Dome as a client of a server, and as a server that does not name itself. Never used in a decision. */
export const DOME = { name: "dome", version: "1" } as const;

/** Legacy revisions that Dome speaks itself; another one is answered with the newest of them, as servers do. */
const SPOKEN: readonly string[] = [LEGACY, "2025-06-18"];

/** An `initialize` as it goes to a legacy server, and its result as it comes back: without tasks. */
export const withoutTasks = (paramsOrResult: string): string =>
  mapMember(paramsOrResult, "capabilities", (capabilities) =>
    capabilities.startsWith("{") ? withMembers(capabilities, { tasks: null }) : capabilities,
  );

/** Members of a server's capabilities that mean the same in both eras, without their notifications. */
const SHARED = ["tools", "prompts", "resources", "completions"] as const;

function sharedCapabilities(capabilities: unknown): Record<string, object> {
  if (!isObject(capabilities)) return {};
  return Object.fromEntries(SHARED.flatMap((name) => (isObject(capabilities[name]) ? [[name, {}]] : [])));
}

/** What is kept of a server of either era to introduce it in the other. */
export interface Introduction {
  readonly capabilities: Readonly<Record<string, object>>;
  readonly serverInfo: Members;
  readonly instructions: string | null;
}

/** The longest texts that are kept of a server's introduction, in characters: it stays in memory. */
const MOST_INSTRUCTIONS = 16_384;
const MOST_INFO = 4_096;

/** @param result of `initialize`, or of `server/discover`. */
export function introductionOf(result: Members): Introduction {
  const { capabilities, serverInfo, instructions, _meta } = result;
  const info = serverInfo ?? (isObject(_meta) ? _meta[META.serverInfo] : undefined);
  const isInfo = isObject(info) && typeof info["name"] === "string" && typeof info["version"] === "string";
  return {
    capabilities: sharedCapabilities(capabilities),
    serverInfo: isInfo && JSON.stringify(info).length <= MOST_INFO ? info : DOME,
    instructions:
      typeof instructions === "string" && instructions.length <= MOST_INSTRUCTIONS ? instructions : null,
  };
}

/**
 * The result of `initialize` for a legacy client of a modern server. It may set a level for messages: Dome names the
 * level with each request from then on.
 * @param asked the version that the client proposes.
 */
export const initializeResult = (
  { capabilities, serverInfo, instructions }: Introduction,
  asked: unknown,
): Members => ({
  protocolVersion: SPOKEN.find((version) => version === asked) ?? LEGACY,
  capabilities: { ...capabilities, logging: {} },
  serverInfo,
  ...defined({ instructions: instructions ?? undefined }),
});

/** The result of `server/discover` for a modern client of a legacy server. */
export const discoverResult = ({ capabilities, serverInfo, instructions }: Introduction): Members => ({
  resultType: "complete",
  supportedVersions: [MODERN],
  capabilities,
  ...defined({ instructions: instructions ?? undefined }),
  ttlMs: 0,
  cacheScope: "private",
  _meta: { [META.serverInfo]: serverInfo },
});
