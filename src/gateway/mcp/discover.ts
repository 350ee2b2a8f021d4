/**
 * `server/discover`: the revision and what the server says that it can do, of that only what Dome serves. The server's
 * instructions are left out: a model reads them, and nobody has approved them.
 */
import { DOME } from "../../mcp/capabilities.ts";
import { isObject, type Members } from "../../mcp/json-members.ts";
import { META, MODERN } from "../../mcp/revision.ts";
import type { ClientAnswer, ClientRequest } from "./client-request.ts";
import type { DoorView, McpPorts } from "./door-view.ts";
import { knownBehind } from "./known-behind.ts";
import { offeredCapabilities } from "./offered-capabilities.ts";

/** Tasks and extensions are not served. */
const SERVED = ["tools", "prompts", "resources", "completions", "logging"] as const;

export async function discover(
  ports: McpPorts,
  view: DoorView,
  { tool: name, message, gone }: ClientRequest,
): Promise<ClientAnswer> {
  const { id, upstream } = view.tool;
  const known = upstream === null ? null : await knownBehind(ports, id, upstream, gone);
  // Of a server that cannot be asked only its tools are known, which are pinned.
  const said = served(known?.ok === true ? known.value.capabilities : {});
  const result = {
    resultType: "complete",
    supportedVersions: [MODERN],
    capabilities: offeredCapabilities(view, said, "modern"),
    ttlMs: 0,
    cacheScope: "private",
    _meta: { [META.serverInfo]: { ...DOME, title: name } },
  };
  const text = JSON.stringify({ jsonrpc: "2.0", id: message.id, result });
  return { kind: "message", status: 200, text, decision: null };
}

const served = (said: Members): Members => ({
  tools: {},
  ...Object.fromEntries(SERVED.flatMap((name) => (isObject(said[name]) ? [[name, said[name]]] : []))),
});
