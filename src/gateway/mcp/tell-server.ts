/**
 * What passes in the session of a legacy client beside requests: notifications of the client, its answers to questions of
 * the server, and the end of the session. Each reaches the server with its credential, so each is decided on and recorded.
 * To a message nothing is answered, so its one record, made before it is sent, states it wholly.
 */
import type { Performed } from "../../access/act.ts";
import type { Caller } from "../../access/caller.ts";
import type { RequestFacts } from "../../access/judge.ts";
import type { Unserved } from "../../access/release.ts";
import { mcpOperation, MCP_RESPONSE, MCP_SESSION_END } from "../../contract/mcp-operations.ts";
import { ok, type Result } from "../../kernel/result.ts";
import type { Work } from "../../lifecycle/admission.ts";
import { cancelledBy } from "../../mcp/cancelled.ts";
import type { RpcMessage } from "../../mcp/message.ts";
import { callTool, type Called, type Permit } from "../call-tool.ts";
import { sendWithCredential } from "../credential/send.ts";
import type { Unanswered } from "../no-answer.ts";
import { guardedEgress, isSent, retryAfterOf, serverOf } from "../upstream/guarded-egress.ts";
import { retryAfterSeconds } from "../upstream/retry-after.ts";
import { faultOfStatus } from "../upstream/status.ts";
import type { McpPorts } from "./door-view.ts";
import { serverAt } from "./known-server.ts";
import { McpOutcome } from "./outcome.ts";
import { post, type ExchangePorts, type McpServerAt, type McpUpstreamFault } from "./own-exchange.ts";
import type { BoundSession } from "./sessions/client-session.ts";
import { closeSession, isOver, type Acknowledged } from "./sessions/server-session.ts";
import { legacyHeaders } from "./upstream-headers.ts";
import { whyNot } from "./why-not.ts";

/** What a client says beside requests. */
export type OneWayMessage = Exclude<RpcMessage, { readonly kind: "request" }>;

/** Where and in which session it says it. */
interface Saying {
  readonly tool: string;
  readonly session: BoundSession;
  /** Of the HTTP request. */
  readonly headers: Headers;
  readonly request: RequestFacts;
}

/** What became of it at the server. `kept`: the server lets no client end a session (405). */
export type Taken = { readonly kind: "taken" | "kept" } | Unanswered;

/** Notifications of a client that concern a server (2025-11-25); any other is heard by nobody. */
const PASSED: ReadonlySet<string> = new Set([
  "notifications/cancelled",
  "notifications/initialized",
  "notifications/progress",
  "notifications/roots/list_changed",
]);

export const concernsServer = (message: OneWayMessage): boolean =>
  message.kind === "response" || PASSED.has(message.method);

/** Whether it names one request, of the client or of the server, by its id or its token. */
export const isAboutRequest = (message: OneWayMessage): boolean =>
  message.kind === "response" || OF_REQUESTS.has(message.method);

const OF_REQUESTS: ReadonlySet<string> = new Set(["notifications/cancelled", "notifications/progress"]);

export async function tellServer(
  ports: McpPorts,
  caller: Caller,
  saying: Saying & { readonly message: OneWayMessage; readonly text: string },
): Promise<Result<Called<Taken>, Unserved>> {
  const { message, text, session, headers } = saying;
  const isAnswer = message.kind === "response";
  const part = isAnswer ? MCP_RESPONSE : mcpOperation(message.method);
  return say(ports, caller, saying, {
    part,
    args: isAnswer ? message.outcome : message.params,
    isNotice: true,
    work: cancelledBy(message) === null ? "new" : "open",
    // The answer to a question is given once.
    isRepeatable: !isAnswer,
    text,
    send: (guarded, server) => post(guarded, server, text, legacyHeaders(session, headers)),
  });
}

/** DELETE (2025-11-25, "Session Management"). A session that the server does not know any more has ended, too. */
export const endServerSession = (
  ports: McpPorts,
  caller: Caller,
  ending: Saying,
): Promise<Result<Called<Taken>, Unserved>> =>
  say(ports, caller, ending, {
    part: MCP_SESSION_END,
    args: {},
    isNotice: false,
    work: "new",
    isRepeatable: true,
    text: "",
    send: (guarded, server) => closeSession(guarded, server, legacyHeaders(ending.session, ending.headers)),
  });

interface Said {
  readonly part: string;
  readonly args: unknown;
  readonly isNotice: boolean;
  readonly work: Work;
  readonly isRepeatable: boolean;
  /** What is said. */
  readonly text: string;
  send(ports: ExchangePorts, server: McpServerAt): Promise<Result<Acknowledged, McpUpstreamFault>>;
}

const say = (
  ports: McpPorts,
  caller: Caller,
  { tool, session, request }: Saying,
  said: Said,
): Promise<Result<Called<Taken>, Unserved>> =>
  callTool(ports, caller, {
    question: () => ({
      asked: { kind: "tool", action: "mcp:call", name: tool, part: said.part },
      args: said.args,
    }),
    request,
    isNotice: said.isNotice,
    work: said.work,
    // Also after the client has gone: it ends by its own limits.
    perform: (permit, signal) => perform(ports, session, said, permit, signal),
  });

async function perform(
  ports: McpPorts,
  session: BoundSession,
  { part, text, isRepeatable, send }: Said,
  permit: Permit,
  signal: AbortSignal,
): Promise<Performed<Taken>> {
  const { id, upstream } = permit.tool;
  const outcome = new McpOutcome(ports.clock, text, upstream?.auth.type);
  outcome.spokeIn(session.id);
  if (upstream?.kind !== "mcp") return outcome.none("not_an_mcp_tool");
  const server = serverAt(id, upstream);
  if (session.at !== server.address) return outcome.none("session_over");
  const call = { permit, upstream, signal, isRepeatable };
  const guarded = { egress: guardedEgress(ports, serverOf(id, upstream.url)) };
  const sent = await sendWithCredential(ports, call, async ({ headers: credential }) => {
    const answered = await send(guarded, { ...server, credential, signal });
    outcome.attempted(answered.ok || isSent(answered.error));
    return answered.ok ? ok({ ...answered.value, body: null }) : answered;
  });
  if (!sent.ok) return outcome.none(whyNot(sent.error, true, signal), {}, retryAfterOf(sent.error));
  const { status } = sent.value;
  const after = retryAfterSeconds(sent.value, ports.clock.now());
  const isEnd = part === MCP_SESSION_END;
  if (isEnd && status === 405) return { value: { kind: "kept" }, end: outcome.ended({ status }) };
  const isGone = isOver(session, status);
  if (status < 300 || (isEnd && isGone)) return { value: { kind: "taken" }, end: outcome.ended({ status }) };
  return outcome.none(isGone ? "session_over" : faultOfStatus(status), { status }, after);
}
