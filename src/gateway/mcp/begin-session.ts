/**
 * The `initialize` of a legacy client at the door of a tool. It reaches the server with Dome's credential, or with that of
 * the call's user, so it is a call like any other: decided on, recorded, and cut by a stop. A server that speaks the
 * client's era is spoken to in it; only between two eras is anything translated.
 */
import type { Performed } from "../../access/act.ts";
import type { Caller } from "../../access/caller.ts";
import type { Unserved } from "../../access/release.ts";
import { itemOf } from "../../contract/resource.ts";
import { defined } from "../../kernel/defined.ts";
import { ok, type Result } from "../../kernel/result.ts";
import { initializeResult, spokenVersion, withoutTasks } from "../../mcp/capabilities.ts";
import { mapMember } from "../../mcp/json-text.ts";
import { callTool, type Permit } from "../call-tool.ts";
import { sendWithCredential } from "../credential/send.ts";
import type { Unanswered } from "../no-answer.ts";
import { retryAfterSeconds } from "../upstream/retry-after.ts";
import { isPutOff } from "../upstream/status.ts";
import { guardedEgress, isSent, retryAfterOf, serverOf } from "../upstream/guarded-egress.ts";
import type { NoAnswer } from "../who-failed.ts";
import { argumentsOf, operationOf } from "./call-server.ts";
import type { ClientRequest } from "./client-request.ts";
import { doorView, type McpPorts } from "./door-view.ts";
import { knownServer, serverAt } from "./known-server.ts";
import { offeredCapabilities } from "./offered-capabilities.ts";
import { McpOutcome } from "./outcome.ts";
import { deniedAnswer, unknownAnswer } from "./own-answers.ts";
import { post } from "./own-exchange.ts";
import { doorOf, endOfSession, type Begun, type SessionPorts } from "./serve-session.ts";
import { sealSession, type ServerSession } from "./sessions/client-session.ts";
import { sessionOf } from "./sessions/server-session.ts";
import { initializeHeaders } from "./upstream-headers.ts";
import { whyNot } from "./why-not.ts";

interface Introduced {
  readonly kind: "introduced";
  readonly server: ServerSession;
  readonly version: string;
  /** What the server says that it can do. */
  readonly capabilities: unknown;
}

/** @param request an `initialize`. */
export async function beginClientSession(
  ports: SessionPorts,
  caller: Caller,
  request: ClientRequest,
): Promise<Result<Begun, Unserved>> {
  const { tool, message } = request;
  const view = await doorView(ports, caller, tool);
  if (!view.ok) return view;
  if (view.value !== null && view.value.tool.upstream?.kind !== "mcp")
    return ok({ kind: "answer", answer: unknownAnswer(message, "The tool") });
  const asked = { ...operationOf(request), kind: "tool", action: "mcp:call" } as const;
  const called = await callTool(ports, caller, {
    question: () => ({ asked, args: argumentsOf(message) }),
    request: request.request,
    perform: (permit, stop) => introduce(ports, request, permit, stop),
  });
  if (!called.ok) return called;
  if (called.value.kind === "denied") {
    const answer = deniedAnswer(request, called.value.decision.value, [itemOf(asked)]);
    return ok({ kind: "answer", answer });
  }
  const { decided, result } = called.value;
  const { value } = result;
  const decision = decided.id;
  if (value.kind === "none") return ok({ kind: "answer", answer: { ...value, decision } });
  const { server, version, capabilities } = value;
  const held = { until: endOfSession(ports, caller), version, servers: { [tool]: server } };
  const session = await sealSession(ports, { door: doorOf(tool), caller }, held);
  // The server's own id is longer than a header of Dome may be.
  if (session === null)
    return ok({ kind: "answer", answer: { kind: "none", why: "upstream_failed", decision } });
  const offered = view.value === null ? {} : offeredCapabilities(view.value, capabilities, "legacy");
  const said = initializeResult({ version, capabilities: offered, era: server.era, tool });
  const text = JSON.stringify({ jsonrpc: "2.0", id: message.id, result: said });
  return ok({ kind: "begun", text, session, decision });
}

/** What the server says to the client's `initialize`; of one that refuses it, what is known of it in the other era. */
async function introduce(
  ports: McpPorts,
  { message, text, headers, gone }: ClientRequest,
  permit: Permit,
  stop: AbortSignal,
): Promise<Performed<Introduced | Unanswered>> {
  const { id, upstream } = permit.tool;
  const outcome = new McpOutcome(ports.clock, text, upstream?.auth.type);
  if (upstream?.kind !== "mcp") return outcome.none("not_an_mcp_tool");
  const signal = AbortSignal.any([stop, gone]);
  const server = serverAt(id, upstream);
  const at = (credential: Headers) => ({ ...server, credential, signal });
  const call = { permit, upstream, signal, isRepeatable: true };
  const guarded = { ...ports, egress: guardedEgress(ports, serverOf(id, upstream.url)) };
  const posted = await sendWithCredential(ports, call, async ({ headers: sent, credential }) => {
    const initialize = mapMember(text, "params", withoutTasks);
    const answered = await post(guarded, at(sent), initialize, initializeHeaders(headers));
    outcome.attempted(answered.ok || isSent(answered.error));
    return answered.ok ? ok({ ...answered.value, body: null, credential }) : answered;
  });
  const lost = (why: NoAnswer, status?: number, after?: number): Performed<Unanswered> => {
    const none = outcome.none(why, defined({ status }), after);
    return gone.aborted ? { ...none, end: outcome.failed("caller_gone", defined({ status })) } : none;
  };
  if (!posted.ok) return lost(whyNot(posted.error, true, signal), undefined, retryAfterOf(posted.error));
  const { message: said, session, status, credential, headers: answered } = posted.value;
  if (said !== null && "result" in said.outcome) {
    const { result } = said.outcome;
    const own = sessionOf(session, result["protocolVersion"]);
    if (own === null) return lost("upstream_failed", status);
    outcome.spokeIn(own.id);
    return {
      value: {
        kind: "introduced",
        server: { era: "legacy", ...own, at: server.address },
        version: own.version,
        capabilities: result["capabilities"],
      },
      end: outcome.answered(said, { status }),
    };
  }
  // Who puts callers off is not asked again, in the other era either.
  if (isPutOff(status))
    return lost(
      "upstream_unavailable",
      status,
      retryAfterSeconds({ status, headers: answered }, ports.clock.now()),
    );
  const known = await knownServer(guarded, at(credential));
  if (!known.ok) return lost(whyNot(known.error, true, signal), status, retryAfterOf(known.error));
  if (known.value.era !== "modern") return lost("upstream_failed", status);
  return {
    value: {
      kind: "introduced",
      server: { era: "modern" },
      version: spokenVersion(message.params["protocolVersion"]),
      capabilities: known.value.capabilities,
    },
    end: outcome.ended({ status }),
  };
}
