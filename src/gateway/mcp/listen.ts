/**
 * The stream that a legacy client opens to hear its server: changes of lists and resources, messages, and requests of the
 * server that belong to no request of the client (2025-11-25, "Listening for Messages from the Server"). It is a call like
 * any other, decided on, recorded and cut with the right to act.
 *
 * A response is on it only where the client takes up the stream of a request again, which the server had ended before its
 * answer (2025-11-25, "Resumability and Redelivery"). The request was decided on then.
 */
import type { ActEnd, Performed } from "../../access/act.ts";
import type { Caller } from "../../access/caller.ts";
import type { RequestFacts } from "../../access/judge.ts";
import type { Unserved } from "../../access/release.ts";
import { mcpOperation } from "../../contract/mcp-operations.ts";
import { isPlain } from "../../egress/headers.ts";
import type { UpstreamLimits } from "../../egress/open.ts";
import { utf8 } from "../../kernel/bytes.ts";
import { defined } from "../../kernel/defined.ts";
import type { Result } from "../../kernel/result.ts";
import { isEventStream } from "../../mcp/event-reader.ts";
import { parseMessage } from "../../mcp/message.ts";
import { callTool, type Called, type Permit } from "../call-tool.ts";
import { masked } from "../credential/masked-answer.ts";
import { sendWithCredential } from "../credential/send.ts";
import { reasonOf } from "../early-end.ts";
import { discard, withCredential } from "./own-exchange.ts";
import { serverAt } from "./known-server.ts";
import type { BoundSession } from "./sessions/client-session.ts";
import { isOver } from "./sessions/server-session.ts";
import type { Unanswered } from "../no-answer.ts";
import type { NoAnswer } from "../who-failed.ts";
import { guardedEgress, isSent, retryAfterOf, serverOf } from "../upstream/guarded-egress.ts";
import { retryAfterSeconds } from "../upstream/retry-after.ts";
import { faultOfStatus } from "../upstream/status.ts";
import type { McpPorts } from "./door-view.ts";
import { McpOutcome } from "./outcome.ts";
import { MessageRedaction } from "./redact-message.ts";
import { relayed, type Passing } from "./relay.ts";
import { legacyHeaders } from "./upstream-headers.ts";

interface Listening {
  readonly tool: string;
  readonly session: BoundSession;
  /** Of the HTTP request. */
  readonly headers: Headers;
  readonly request: RequestFacts;
  readonly gone: AbortSignal;
}

/** A stream, or why there is none. */
export type Heard =
  | { readonly kind: "events"; readonly body: ReadableStream<Uint8Array> }
  /** The server has no such stream (405). */
  | { readonly kind: "no_stream" }
  | Unanswered;

const BOUNDS: UpstreamLimits = { headersMs: 30_000, silenceMs: 300_000, bytes: null };
/** The largest message, in bytes. */
const MOST_MESSAGE = 4_194_304;
/** An id of an event, as a header can hold it. */
const EVENT_ID = /^[\x20-\x7e]{1,1024}$/;

export async function listen(
  ports: McpPorts,
  caller: Caller,
  listening: Listening,
): Promise<Result<Called<Heard>, Unserved>> {
  const asked = {
    kind: "tool",
    action: "mcp:call",
    name: listening.tool,
    part: mcpOperation("subscriptions/listen"),
  } as const;
  return callTool(ports, caller, {
    question: () => ({ asked, args: {} }),
    request: listening.request,
    perform: (permit, stop) => perform(ports, listening, permit, stop),
  });
}

async function perform(
  ports: McpPorts,
  { session, headers, gone }: Listening,
  permit: Permit,
  stop: AbortSignal,
): Promise<Performed<Heard>> {
  const { upstream } = permit.tool;
  const outcome = new McpOutcome(ports.clock, "", upstream?.auth.type);
  outcome.spokeIn(session.id);
  const none = (why: NoAnswer, status?: number, after?: number): Performed<Heard> =>
    outcome.none(why, defined({ status }), after);
  if (upstream?.kind !== "mcp") return none("not_an_mcp_tool");
  if (session.at !== serverAt(permit.tool.id, upstream).address) return none("session_over");
  const signal = AbortSignal.any([stop, gone]);
  const egress = guardedEgress(ports, serverOf(permit.tool.id, upstream.url));
  const last = headers.get("last-event-id");
  // Without a session, a server may know the event of another agent's stream under this id (P11).
  const isTakenUp = last !== null && session.id !== null && EVENT_ID.test(last);
  const opened = await sendWithCredential(
    ports,
    { permit, upstream, signal, isRepeatable: true },
    async (sent) => {
      const asking = legacyHeaders(session, headers);
      asking.delete("content-type");
      asking.set("accept", "text/event-stream");
      if (isTakenUp) asking.set("last-event-id", last);
      const request = {
        method: "GET",
        url: upstream.url,
        headers: withCredential(asking, sent.headers),
        body: null,
      };
      const answer = await egress.open({ ...request, signal }, BOUNDS);
      outcome.attempted(answer.ok || isSent(answer.error));
      return masked(answer, sent.headers);
    },
  );
  if (!opened.ok) return none(reasonOf(opened.error.kind, signal), undefined, retryAfterOf(opened.error));
  const { status, headers: answered, body } = opened.value;
  const isStream = isEventStream(answered.get("content-type")) && isPlain(answered);
  if (status !== 200 || !isStream || body === null) {
    await discard(opened.value);
    if (status === 405) return { value: { kind: "no_stream" }, end: outcome.ended({ status }) };
    if (isOver(session, status)) return none("session_over", status);
    return none(faultOfStatus(status), status, retryAfterSeconds(opened.value, ports.clock.now()));
  }
  const watched = outcome.watching(body);
  const redaction = new MessageRedaction(upstream);
  let isRefused = false;
  const { promise: end, resolve: settle } = Promise.withResolvers<ActEnd>();
  const stream = relayed(watched.stream, {
    timers: ports.timers,
    most: MOST_MESSAGE,
    passing: (event): Passing => {
      if (event.data === null)
        return { kind: "passed", bytes: redaction.event(() => event.bytes, null, event) };
      const message = parseMessage(utf8(event.data), "upstream");
      if (!message.ok) return { kind: "broken" };
      const isOutOfPlace = message.value.kind === "response" && !isTakenUp;
      if (isOutOfPlace) return { kind: "dropped" };
      const text = redaction.message(event.data);
      if (text.ok) return { kind: "passed", bytes: redaction.event(() => event.bytes, text.value, event) };
      isRefused = true;
      return { kind: "broken" };
    },
    ended: (ended) => {
      const facts = { status, ...watched.received(), ...redaction.facts };
      const isBroken = ended.kind === "broken" || ended.kind === "too_large";
      const reason = isRefused ? "answer_not_redactable" : "upstream_failed";
      settle(isBroken ? outcome.failed(reason, facts) : outcome.ended(facts));
      return null;
    },
  });
  return { value: { kind: "events", body: stream }, end };
}
