/**
 * A request that the server behind a tool answers, governed like any call: it is decided on the pinned definition and
 * its arguments, its intent is recorded before it is sent, and its outcome at the end of the answer.
 */
import type { Caller } from "../../access/caller.ts";
import type { Performed } from "../../access/act.ts";
import type { Unserved } from "../../access/release.ts";
import { mcpOperation } from "../../contract/mcp-operations.ts";
import { itemOf, type Resource } from "../../contract/resource.ts";
import type { UpstreamLimits } from "../../egress/open.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { RpcRequest } from "../../mcp/message.ts";
import { isSubscription } from "../../mcp/methods.ts";
import type { Era } from "../../mcp/revision.ts";
import { callTool, type Permit } from "../call-tool.ts";
import { sendWithCredential } from "../credential/send.ts";
import { CallCancelled, NotAwaited } from "../deadline.ts";
import type { McpServerAt, McpUpstreamFault } from "./own-exchange.ts";
import { knownServer, serverAt } from "./known-server.ts";
import type { ClientAnswer, ClientRequest, ServerAnswer } from "./client-request.ts";
import type { McpPorts } from "./door-view.ts";
import { noticing } from "./era-change.ts";
import { guardedEgress, isSent, retryAfterOf, serverOf } from "../upstream/guarded-egress.ts";
import type { Exchange, ServerPorts } from "./exchange.ts";
import { keptSessionExchange } from "./exchange-kept-session.ts";
import { ownSessionExchange } from "./exchange-own-session.ts";
import { translatedExchange } from "./exchange-translated.ts";
import { modernExchange } from "./exchange-modern.ts";
import { McpOutcome } from "./outcome.ts";
import { deniedAnswer } from "./own-answers.ts";
import { cancellable } from "./calls-in-flight.ts";
import { cancelledAnswer, readAnswer } from "./read-answer.ts";
import { MessageRedaction } from "./redact-message.ts";
import { answeredInTime } from "./slow-answer.ts";
import { whyNot } from "./why-not.ts";

/** The longest silence before an answer, in milliseconds: in JSON it comes only when the tool has done its work. */
export const MCP_HEADERS_MS = 120_000;
/** The longest silence within a stream, in milliseconds. */
export const MCP_SILENCE_MS = 300_000;
/** The largest message, in bytes; a tier may allow less. */
const MOST_MESSAGE = 8_388_608;

/**
 * The four pairs of eras. The session of a legacy client says which era its server speaks with it: its own, where the
 * server has both.
 */
async function exchangeFor(
  ports: ServerPorts,
  server: McpServerAt,
  { tool, era, session, held, logLevel }: ClientRequest,
): Promise<Result<{ readonly exchange: Exchange; readonly spoken: Era }, McpUpstreamFault>> {
  if (session?.era === "legacy") {
    if (session.at !== server.address) return err({ kind: "session_over" });
    return ok({ exchange: ownSessionExchange(session), spoken: "legacy" });
  }
  if (held !== null && held.at(tool, server.address) !== null)
    return ok({ exchange: keptSessionExchange, spoken: "legacy" });
  const known = session === null ? await knownServer(ports, server) : ok(session);
  if (!known.ok) return known;
  if (known.value.era === "legacy") return ok({ exchange: keptSessionExchange, spoken: "legacy" });
  const exchange = era === "modern" ? modernExchange : translatedExchange(logLevel);
  return ok({ exchange, spoken: "modern" });
}

/** The operation that a request means: a tool by its name, anything else by its method. */
export const operationOf = ({ tool, message }: Pick<ClientRequest, "tool" | "message">): Resource => ({
  kind: "tool",
  name: tool,
  part: message.method === "tools/call" ? String(message.params["name"]) : mcpOperation(message.method),
});

/** What is decided on: the arguments of a tool, or all that another request says. */
export function argumentsOf({ method, params }: RpcRequest): unknown {
  if (method === "tools/call") return params["arguments"] ?? {};
  const { _meta, ...said } = params;
  return said;
}

export async function callServer(
  ports: McpPorts,
  caller: Caller,
  request: ClientRequest,
): Promise<Result<ClientAnswer, Unserved>> {
  const asked = { ...operationOf(request), kind: "tool", action: "mcp:call" } as const;
  const called = await callTool(ports, caller, {
    question: () => ({ asked, args: argumentsOf(request.message) }),
    request: request.request,
    perform: (permit, signal) =>
      cancellable(ports.timers, request, signal, (left) =>
        answeredInTime(ports.timers, { ...request, gone: left }, signal, (gone) =>
          perform(ports, caller, { ...request, gone }, permit, signal),
        ),
      ),
  });
  if (!called.ok) return called;
  if (called.value.kind === "denied")
    return ok(deniedAnswer(request, called.value.decision.value, [itemOf(asked)]));
  const { decided, result } = called.value;
  return ok({ ...result.value, decision: decided.id });
}

/** A subscription belongs to the session in which it was made: in another one its client would hear nothing of it. */
const mayRepeat = (method: string, isReviewed: boolean): boolean =>
  method === "tools/call" ? isReviewed : !isSubscription(method);

async function perform(
  ports: McpPorts,
  caller: Caller,
  request: ClientRequest,
  permit: Permit,
  stop: AbortSignal,
): Promise<Performed<ServerAnswer>> {
  const { tool, limits, asked } = permit;
  const { upstream } = tool;
  const outcome = new McpOutcome(ports.clock, request.text, upstream?.auth.type);
  if (upstream?.kind !== "mcp") return outcome.none("not_an_mcp_tool");
  const signal = AbortSignal.any([stop, request.gone]);
  const most = Math.min(limits.maxActBodyBytes, MOST_MESSAGE);
  const bounds: UpstreamLimits = {
    headersMs: MCP_HEADERS_MS,
    silenceMs: MCP_SILENCE_MS,
    bytes: limits.maxActBodyBytes,
  };
  const inputSchema =
    request.message.method === "tools/call" && asked.part !== null ? tool.pinned.get(asked.part) : undefined;
  const isRepeatable = mayRepeat(
    request.message.method,
    asked.part !== null && tool.readOnly.has(asked.part),
  );
  const call = { permit, upstream, signal, isRepeatable };
  const guarded: ServerPorts = { ...ports, egress: guardedEgress(ports, serverOf(tool.id, upstream.url)) };
  const exchanged = await sendWithCredential(ports, call, async ({ headers: sent, credential }) => {
    const server = { ...serverAt(tool.id, upstream), credential, signal };
    const chosen = await exchangeFor(guarded, server, request);
    if (!chosen.ok) {
      outcome.attempted(isSent(chosen.error));
      return chosen;
    }
    const { exchange, spoken } = chosen.value;
    const made = await exchange(guarded, server, {
      caller,
      request,
      sent,
      inputSchema,
      bounds,
      isRepeatable,
    });
    outcome.attempted(made.ok || isSent(made.error));
    return noticing(ports, server.key, spoken, made);
  });
  if (!exchanged.ok) {
    if (request.gone.reason instanceof CallCancelled) return cancelledAnswer(request, outcome);
    if (request.gone.reason instanceof NotAwaited) return outcome.none("upstream_timeout");
    if (request.gone.aborted)
      return { ...outcome.none("upstream_unreachable"), end: outcome.failed("caller_gone") };
    const why = whyNot(exchanged.error, request.session !== null, signal);
    return outcome.none(why, {}, retryAfterOf(exchanged.error));
  }
  const { session } = exchanged.value;
  if (session !== undefined) outcome.spokeIn(session.id, session.attempts - 1);
  const redaction = new MessageRedaction(upstream);
  return readAnswer(exchanged.value, {
    timers: ports.timers,
    clock: ports.clock,
    request,
    outcome,
    redaction,
    most,
    signal,
    stop,
  });
}
