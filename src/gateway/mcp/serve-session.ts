/**
 * The session of a legacy client at the door of a tool: how it begins, what passes in it beside requests, how it ends. A
 * server that speaks the client's era is spoken to in it; only between two eras is anything translated.
 */
import type { Caller } from "../../access/caller.ts";
import { release, type Withheld } from "../../access/release.ts";
import type { Random } from "../../kernel/random.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { initializeResult, spokenVersion, withoutTasks } from "../../mcp/capabilities.ts";
import { mapMember } from "../../mcp/json-text.ts";
import type { RpcMessage, RpcRequest } from "../../mcp/message.ts";
import type { DerivedKeys } from "../../secrets/root-key.ts";
import { freshnessOf, limitsOf } from "../../tiers/limits.ts";
import { serverCredential } from "../credential/server-credential.ts";
import { reasonOf } from "../early-end.ts";
import { post, type McpServerAt } from "./own-exchange.ts";
import { knownServer, serverKey } from "./known-server.ts";
import type { NoAnswer } from "../who-failed.ts";
import { sealSession, type ServerSession } from "./sessions/client-session.ts";
import { endSession, isOver, sessionHeaders, sessionOf } from "./sessions/server-session.ts";
import { whyNot } from "./call-server.ts";
import type { ClientRequest } from "./client-request.ts";
import { doorView, type DoorView, type McpPorts } from "./door-view.ts";

export type SessionPorts = McpPorts & {
  readonly derived: DerivedKeys;
  readonly random: Random;
};

/** The path of the door of all servers. */
export const ALL = "/mcp";

/** The door's path, as a session is sealed for it. */
export const doorOf = (tool: string): string => `/mcp/${tool}`;

/** A session that begins, or why none does. */
export type Begun =
  | { readonly kind: "begun"; readonly text: string; readonly session: string }
  /** The tool is not there, or nothing of it is the caller's. */
  | { readonly kind: "unknown" }
  | { readonly kind: "none"; readonly why: NoAnswer };

interface Introduced {
  readonly server: ServerSession;
  readonly version: string;
  readonly capabilities: unknown;
}

/** @param request an `initialize`. */
export async function beginClientSession(
  ports: SessionPorts,
  caller: Caller,
  request: ClientRequest,
): Promise<Result<Begun, Withheld>> {
  const { tool, message } = request;
  const view = await doorView(ports, caller, tool);
  if (!view.ok) return view;
  if (view.value?.tool.upstream?.kind !== "mcp") return ok({ kind: "unknown" });
  const introduced = await introduce(ports, view.value.tool, request);
  if (!introduced.ok) return ok({ kind: "none", why: introduced.error });
  const { server, version, capabilities } = introduced.value;
  const limits = limitsOf(ports.tiers, caller.agents);
  const until = ports.clock.now() + (limits.ok ? limits.value.maxSessionSeconds : 0) * 1000;
  const held = { until, version, servers: { [tool]: server } };
  const session = await sealSession(ports, { door: doorOf(tool), caller }, held);
  // The server's own id is longer than a header of Dome may be.
  if (session === null) return ok({ kind: "none", why: "upstream_failed" });
  const result = initializeResult({ version, capabilities, era: server.era, tool });
  const text = JSON.stringify({ jsonrpc: "2.0", id: message.id, result });
  const admitted = await stands(ports, caller);
  return admitted.ok ? ok({ kind: "begun", text, session }) : admitted;
}

/** The session of a legacy client at the door of all servers. It is with Dome alone: none of a server is in it. */
export async function beginSessionWithAll(
  ports: SessionPorts,
  caller: Caller,
  { id, params }: RpcRequest,
): Promise<Result<Begun, Withheld>> {
  const limits = limitsOf(ports.tiers, caller.agents);
  const until = ports.clock.now() + (limits.ok ? limits.value.maxSessionSeconds : 0) * 1000;
  const version = spokenVersion(params["protocolVersion"]);
  const session = await sealSession(ports, { door: ALL, caller }, { until, version, servers: {} });
  if (session === null) throw new Error("a session without servers is too long");
  const capabilities = { tools: {}, prompts: {}, resources: {}, completions: {} };
  const result = initializeResult({ version, capabilities, era: "modern", tool: null });
  const admitted = await stands(ports, caller);
  const text = JSON.stringify({ jsonrpc: "2.0", id, result });
  return admitted.ok ? ok({ kind: "begun", text, session }) : admitted;
}

/** Whether the caller may be answered at this moment. What passes in a session beside requests leaves no record. */
async function stands(ports: SessionPorts, { state, agents }: Caller): Promise<Result<void, Withheld>> {
  const freshness = freshnessOf(limitsOf(ports.tiers, agents));
  const released = await release(ports, { value: null, state, freshness, evidence: null });
  return released.ok ? ok(undefined) : released;
}

/** @returns null: there is no such server for the caller, or Dome has no credential for it. */
async function serverAt(
  ports: SessionPorts,
  caller: Caller,
  tool: string,
): Promise<Result<McpServerAt | null, Withheld>> {
  const view = await doorView(ports, caller, tool);
  if (!view.ok) return view;
  if (view.value?.tool.upstream?.kind !== "mcp") return ok(null);
  const { id, upstream } = view.value.tool;
  // It ends by its own limits, also after the client has gone.
  const { signal } = new AbortController();
  const credential = await serverCredential(ports, upstream, signal);
  if (!credential.ok) return ok(null);
  return ok({
    key: serverKey(id, upstream),
    url: upstream.url,
    credential: credential.value.headers,
    signal,
  });
}

/** What the server says to the client's `initialize`; of one that refuses it, what is known of it in the other era. */
async function introduce(
  ports: SessionPorts,
  { id, upstream }: DoorView["tool"],
  { message, text, gone }: ClientRequest,
): Promise<Result<Introduced, NoAnswer>> {
  if (upstream === null) return err("not_an_mcp_tool");
  const credential = await serverCredential(ports, upstream, gone);
  if (!credential.ok) return err(reasonOf(credential.error.kind, gone));
  const server: McpServerAt = {
    key: serverKey(id, upstream),
    url: upstream.url,
    credential: credential.value.headers,
    signal: gone,
  };
  const answered = await post(ports, server, mapMember(text, "params", withoutTasks), new Headers());
  if (!answered.ok) return err(whyNot(answered.error, true, gone));
  const { message: said, session } = answered.value;
  if (said !== null && "result" in said.outcome) {
    const { result } = said.outcome;
    const own = sessionOf(session, result["protocolVersion"]);
    if (own === null) return err("upstream_failed");
    return ok({
      server: { era: "legacy", ...own },
      version: own.version,
      capabilities: result["capabilities"],
    });
  }
  const known = await knownServer(ports, server);
  if (!known.ok) return err(whyNot(known.error, true, gone));
  if (known.value.era !== "modern") return err("upstream_failed");
  return ok({
    server: { era: "modern" },
    version: spokenVersion(message.params["protocolVersion"]),
    capabilities: known.value.capabilities,
  });
}

/** Notifications of a client that concern a server (2025-11-25); any other is heard by nobody. */
const PASSED: ReadonlySet<string> = new Set([
  "notifications/cancelled",
  "notifications/initialized",
  "notifications/progress",
  "notifications/roots/list_changed",
]);

/** `gone`: the server no longer knows the session. */
export type Passed = "taken" | "gone";

/**
 * A notification of the client, or its answer to a request of the server. Both belong to an act that has its own record,
 * and leave none. A modern server has asked nothing, and hears of nothing.
 */
export async function passMessage(
  ports: SessionPorts,
  caller: Caller,
  {
    tool,
    server,
    message,
    text,
  }: {
    readonly tool: string;
    readonly server: ServerSession;
    readonly message: Exclude<RpcMessage, { readonly kind: "request" }>;
    readonly text: string;
  },
): Promise<Result<Passed, Withheld>> {
  const admitted = await stands(ports, caller);
  if (!admitted.ok) return admitted;
  const isPassed = message.kind === "response" || PASSED.has(message.method);
  if (server.era === "modern" || !isPassed) return ok("taken");
  const at = await serverAt(ports, caller, tool);
  if (!at.ok) return at;
  if (at.value === null) return ok("gone");
  const told = await post(ports, at.value, text, sessionHeaders(server));
  return ok(told.ok && isOver(server, told.value.status) ? "gone" : "taken");
}

/** @returns false: the server lets no client end a session, or has none. */
export async function endClientSession(
  ports: SessionPorts,
  caller: Caller,
  tool: string,
  server: ServerSession,
): Promise<Result<boolean, Withheld>> {
  const admitted = await stands(ports, caller);
  if (!admitted.ok) return admitted;
  if (server.era === "modern" || server.id === null) return ok(false);
  const at = await serverAt(ports, caller, tool);
  if (!at.ok) return at;
  return ok(at.value !== null && (await endSession(ports, at.value, server)));
}
