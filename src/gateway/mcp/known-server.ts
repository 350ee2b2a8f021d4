/**
 * Dome as a client of an MCP server: which era it speaks, and all that it lists. Nothing of a caller is in these calls:
 * the headers are the tool's own, and no capability is declared, so a server asks nothing back.
 */
import type { BoundedMap } from "../../kernel/bounded-map.ts";
import { toBase64Url, toHex, utf8 } from "../../kernel/bytes.ts";
import type { Clock } from "../../kernel/clock.ts";
import { defined } from "../../kernel/defined.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { sharedCapabilities } from "../../mcp/capabilities.ts";
import { isObject, type Members } from "../../mcp/json-members.ts";
import type { RpcResponse } from "../../mcp/message.ts";
import { standardHeaders } from "../../mcp/modern-request.ts";
import type { Era } from "../../mcp/revision.ts";
import { allTools, type ToolListing } from "../../mcp/tool-pages.ts";
import { DISCOVER, eraVerdict } from "../../mcp/upstream-era.ts";
import type { Upstream } from "../../registry/upstream.ts";
import {
  faultOf,
  post,
  resultOf,
  type ExchangePorts,
  type McpServerAt,
  type McpUpstreamFault,
} from "./own-exchange.ts";
import { retryAfterMs } from "../upstream/retry-after.ts";
import { isPutOff } from "../upstream/status.ts";
import { beginSession, endSession, sessionHeaders } from "./sessions/server-session.ts";

export interface McpUpstreamPorts extends ExchangePorts {
  readonly clock: Clock;
  /** What is known of servers, by `McpServerAt.key`. An era that is not certain is never in it. */
  readonly eras: BoundedMap<string, KnownEra>;
}

export interface KnownEra {
  readonly era: Era;
  /** What the server says that it can do, to clients of the modern era; empty when it says too much. */
  readonly capabilities: Members;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** How long an era is believed, in milliseconds. */
const ERA_HOLDS_MS = 3_600_000;

/** The longest capabilities that are kept, in characters. */
const MOST_CAPABILITIES = 8_192;

/** The tool, the address and the credential: a server may speak another era to another one. */
const serverKey = (tool: string, { url, secret }: Pick<Upstream, "url" | "secret">): string =>
  toHex(sha256Sync(utf8(`${tool} ${secret?.id ?? ""} ${url}`)));

/** The tool and the address: a session with one server is none with another. 128 bits of a digest, in base64url. */
const serverAddress = (tool: string, { url }: Pick<Upstream, "url">): string =>
  toBase64Url(sha256Sync(utf8(`${tool} ${url}`)).subarray(0, 16));

/** The server behind a tool. */
export const serverAt = (
  tool: string,
  upstream: Pick<Upstream, "url" | "secret">,
): Pick<McpServerAt, "key" | "address" | "url"> => ({
  key: serverKey(tool, upstream),
  address: serverAddress(tool, upstream),
  url: upstream.url,
});

/** What is known of a server, or by its answer to a probe. */
export async function knownServer(
  ports: McpUpstreamPorts,
  server: McpServerAt,
): Promise<Result<KnownEra, McpUpstreamFault>> {
  const now = ports.clock.now();
  const known = ports.eras.get(server.key);
  if (known !== undefined && now - known.since < ERA_HOLDS_MS && now >= known.since) return ok(known);
  const headers = standardHeaders({ method: DISCOVER.method, params: DISCOVER.params });
  const answer = await post(ports, server, JSON.stringify(DISCOVER), headers);
  if (!answer.ok) return answer;
  const { status, message, headers: said } = answer.value;
  const verdict = eraVerdict({ status, message });
  if (verdict === "silent") {
    const after = isPutOff(status) ? retryAfterMs(said.get("retry-after"), now) : null;
    return err({ ...faultOf(status), ...defined({ retryAfterMs: after ?? undefined }) });
  }
  const capabilities = verdict === "modern" ? ok(capabilitiesIn(message)) : await ofLegacy(ports, server);
  if (!capabilities.ok) return capabilities;
  const era = verdict === "modern" ? "modern" : "legacy";
  const found: KnownEra = { era, capabilities: capabilities.value, since: now };
  ports.eras.set(server.key, found);
  return ok(found);
}

function capabilitiesIn(message: RpcResponse | null): Members {
  const outcome = message?.outcome;
  const said = outcome !== undefined && "result" in outcome ? outcome.result["capabilities"] : undefined;
  return isObject(said) && JSON.stringify(said).length <= MOST_CAPABILITIES ? said : {};
}

/** A server that is not modern is legacy when it begins a session. */
async function ofLegacy(
  ports: McpUpstreamPorts,
  server: McpServerAt,
): Promise<Result<Members, McpUpstreamFault>> {
  const session = await beginSession(ports, server);
  if (!session.ok) return session;
  await endSession(ports, server, session.value);
  return ok(sharedCapabilities(session.value.result["capabilities"]));
}

/** The era of a server, as known, or by its answer to a probe. */
export async function eraOfServer(
  ports: McpUpstreamPorts,
  server: McpServerAt,
): Promise<Result<Era, McpUpstreamFault>> {
  const known = await knownServer(ports, server);
  return known.ok ? ok(known.value.era) : known;
}

/** Every tool that the server lists, over all pages. */
export async function listTools(
  ports: McpUpstreamPorts,
  server: McpServerAt,
): Promise<Result<ToolListing & { readonly era: Era }, McpUpstreamFault>> {
  const era = await eraOfServer(ports, server);
  if (!era.ok) return era;
  const listed = era.value === "modern" ? await listModern(ports, server) : await listLegacy(ports, server);
  return listed.ok ? ok({ ...listed.value, era: era.value }) : listed;
}

const cursorOf = (cursor: string | null): Members => (cursor === null ? {} : { cursor });

function listModern(ports: McpUpstreamPorts, server: McpServerAt) {
  return allTools((cursor) => {
    const params = { ...DISCOVER.params, ...cursorOf(cursor) };
    return resultOf(ports, server, "tools/list", params, standardHeaders({ method: "tools/list", params }));
  });
}

async function listLegacy(ports: McpUpstreamPorts, server: McpServerAt) {
  const session = await beginSession(ports, server);
  if (!session.ok) return session;
  const listed = await allTools((cursor) =>
    resultOf(ports, server, "tools/list", cursorOf(cursor), sessionHeaders(session.value)),
  );
  await endSession(ports, server, session.value);
  return listed;
}
