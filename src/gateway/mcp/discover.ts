/**
 * `server/discover`: the revision and what the server says that it can do, of that only what Dome serves. The server's
 * instructions are left out: a model reads them, and nobody has approved them.
 */
import type { Id } from "../../kernel/ids.ts";
import { DOME } from "../../mcp/capabilities.ts";
import { isObject, type Members } from "../../mcp/json-members.ts";
import { META, MODERN } from "../../mcp/revision.ts";
import { knownServer, serverKey } from "./known-server.ts";
import { serverCredential } from "../credential/server-credential.ts";
import { guardedEgress, serverOf } from "../upstream/guarded-egress.ts";
import type { ClientAnswer, ClientRequest } from "./client-request.ts";
import type { DoorView, McpPorts } from "./door-view.ts";
import { offeredCapabilities } from "./offered-capabilities.ts";

/** Tasks and extensions are not served. */
const SERVED = ["tools", "prompts", "resources", "completions", "logging"] as const;

export async function discover(
  ports: McpPorts,
  view: DoorView,
  { tool: name, message, gone }: ClientRequest,
): Promise<ClientAnswer> {
  const { id, upstream } = view.tool;
  const said = upstream === null ? {} : served(await capabilitiesOf(ports, id, upstream, gone));
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

/** Of a server that cannot be asked only its tools are known, which are pinned. */
async function capabilitiesOf(
  ports: McpPorts,
  tool: Id<"tol">,
  upstream: NonNullable<DoorView["tool"]["upstream"]>,
  signal: AbortSignal,
): Promise<Members> {
  const credential = await serverCredential(ports, upstream, signal);
  if (!credential.ok) return {};
  const server = {
    key: serverKey(tool, upstream),
    url: upstream.url,
    credential: credential.value.headers,
    signal,
  };
  const egress = guardedEgress(ports, serverOf(tool, upstream.url));
  const known = await knownServer({ ...ports, egress }, server);
  return known.ok ? known.value.capabilities : {};
}

const served = (said: Members): Members => ({
  tools: {},
  ...Object.fromEntries(SERVED.flatMap((name) => (isObject(said[name]) ? [[name, said[name]]] : []))),
});
