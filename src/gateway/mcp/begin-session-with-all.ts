/**
 * The `initialize` of a legacy client at the door of all servers. Each declared server of that era begins a session for
 * it, and the client's id holds them, so that any isolate can go on in them. A server that does not answer in time is
 * left out and named as missing; it gets a session when it is used.
 *
 * Each of these sessions is a call with the operation `MCP /initialize`. Dome's own `initialize` is sent, because nobody
 * could answer what a server asks of a client here.
 */
import type { Performed } from "../../access/act.ts";
import type { Caller } from "../../access/caller.ts";
import type { Unserved } from "../../access/release.ts";
import { mcpOperation } from "../../contract/mcp-operations.ts";
import { defined } from "../../kernel/defined.ts";
import { ok, type Result } from "../../kernel/result.ts";
import { ALL_CAPABILITIES, initializeResult, spokenVersion } from "../../mcp/capabilities.ts";
import { callTool, type Permit } from "../call-tool.ts";
import { sendWithCredential } from "../credential/send.ts";
import { NotAwaited } from "../deadline.ts";
import type { Unanswered } from "../no-answer.ts";
import { guardedEgress, isSent, retryAfterOf, serverOf } from "../upstream/guarded-egress.ts";
import type { NoAnswer } from "../who-failed.ts";
import { askServers } from "./ask-servers.ts";
import { whyNot } from "./why-not.ts";
import type { ClientRequest } from "./client-request.ts";
import { doorViews, type DoorView, type McpPorts } from "./door-view.ts";
import { doubting } from "./era-change.ts";
import { keptKey } from "./exchange-kept-session.ts";
import { knownBehind } from "./known-behind.ts";
import { serverAt } from "./known-server.ts";
import { McpOutcome } from "./outcome.ts";
import { ALL, endOfSession, stands, type Begun, type SessionPorts } from "./serve-session.ts";
import { fitting, sealSession, type BoundSession } from "./sessions/client-session.ts";
import { beginSession, INITIALIZE } from "./sessions/server-session.ts";
import { initializeHeaders } from "./upstream-headers.ts";

/** The longest wait for the sessions of all servers, in milliseconds. */
const BEGIN_MS = 5_000;

type Opening = Omit<ClientRequest, "tool">;

/** What has become of the session at one server. */
interface Opened {
  readonly tool: string;
  /** Null: its era has none, or it has not begun. */
  readonly session: BoundSession | null;
  /** Keeps a session that the client's id has no room for. */
  keep?(): void;
  /** Why the server is not heard; null: it is, or needs no session. */
  readonly missing: NoAnswer | "denied" | null;
}

/** @param request an `initialize`. */
export async function beginSessionWithAll(
  ports: SessionPorts,
  caller: Caller,
  request: Opening,
): Promise<Result<Begun, Unserved>> {
  const { id, params } = request.message;
  const views = await doorViews(ports, caller);
  if (!views.ok) return views;
  const opened = await askServers(ports.timers, views.value, {
    ms: BEGIN_MS,
    gone: request.gone,
    ask: (view, gone) => openAt(ports, caller, { ...request, gone }, view),
    late: ({ name }): Opened => ({ tool: name, session: null, missing: "upstream_timeout" }),
  });
  if (!opened.ok) return opened;
  const until = endOfSession(ports, caller);
  const version = spokenVersion(params["protocolVersion"]);
  const servers = Object.fromEntries(
    opened.value.flatMap(({ tool, session }) =>
      session === null ? [] : [[tool, { era: "legacy", ...session } as const]],
    ),
  );
  const { session: fits, left } = fitting({ until, version, servers });
  for (const { tool, keep } of opened.value) if (left.includes(tool)) keep?.();
  const session = await sealSession(ports, { door: ALL, caller }, fits);
  if (session === null) throw new Error("a session that fits is too long");
  const missing = opened.value.flatMap(({ tool, missing: why }) => (why === null ? [] : [{ tool, why }]));
  const result = {
    ...initializeResult({
      version,
      capabilities: { ...ALL_CAPABILITIES, logging: {} },
      era: "legacy",
      tool: null,
    }),
    ...defined({ _meta: missing.length === 0 ? undefined : { "dome/missing": missing } }),
  };
  const admitted = await stands(ports, caller);
  const text = JSON.stringify({ jsonrpc: "2.0", id, result });
  return admitted.ok ? ok({ kind: "begun", text, session, decision: null }) : admitted;
}

/** A server of the modern era needs no session, and hears of none. */
async function openAt(
  ports: McpPorts,
  caller: Caller,
  request: Opening,
  { name, tool }: DoorView,
): Promise<Result<Opened, Unserved>> {
  const without = (missing: Opened["missing"]): Result<Opened, never> =>
    ok({ tool: name, session: null, missing });
  if (tool.upstream === null) return without(null);
  const known = await knownBehind(ports, tool.id, tool.upstream, request.gone);
  if (!known.ok) return without(whyNot(known.error, false, request.gone));
  if (known.value.era === "modern") return without(null);
  const called = await callTool(ports, caller, {
    question: () => ({
      asked: { kind: "tool", action: "mcp:call", name, part: mcpOperation("initialize") },
      args: INITIALIZE.params,
    }),
    request: request.request,
    perform: (permit, stop) => open(ports, caller, request, permit, stop),
  });
  if (!called.ok) return called;
  if (called.value.kind === "denied") return without("denied");
  const { value } = called.value.result;
  return value.kind === "none" ? without(value.why) : ok({ tool: name, missing: null, ...value });
}

type Session = Required<Pick<Opened, "session" | "keep">> & { readonly kind: "begun" };

async function open(
  ports: McpPorts,
  caller: Caller,
  { headers, gone }: Opening,
  permit: Permit,
  stop: AbortSignal,
): Promise<Performed<Session | Unanswered>> {
  const { id, upstream } = permit.tool;
  const outcome = new McpOutcome(ports.clock, JSON.stringify(INITIALIZE), upstream?.auth.type);
  if (upstream?.kind !== "mcp") return outcome.none("not_an_mcp_tool");
  const signal = AbortSignal.any([stop, gone]);
  const server = serverAt(id, upstream);
  const guarded = { ...ports, egress: guardedEgress(ports, serverOf(id, upstream.url)) };
  const call = { permit, upstream, signal, isRepeatable: true };
  const begun = await sendWithCredential(ports, call, async ({ headers: credential }) => {
    const answered = await beginSession(
      guarded,
      { ...server, credential, signal },
      initializeHeaders(headers),
    );
    outcome.attempted(answered.ok || isSent(answered.error));
    return answered.ok ? ok({ status: 200, body: null, session: answered.value }) : answered;
  });
  if (!begun.ok) {
    doubting(ports, server.key, begun.error);
    if (gone.reason instanceof NotAwaited) return outcome.none("upstream_timeout");
    const none = outcome.none(whyNot(begun.error, false, signal), {}, retryAfterOf(begun.error));
    return gone.aborted ? { ...none, end: outcome.failed("caller_gone") } : none;
  }
  const { id: named, version } = begun.value.session;
  outcome.spokeIn(named);
  const session = { id: named, version, at: server.address };
  return {
    value: {
      kind: "begun",
      session,
      keep: () => ports.sessions.offer(ports, keptKey(server, caller), session),
    },
    end: outcome.ended({ status: 200 }),
  };
}
