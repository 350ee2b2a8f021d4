/**
 * A call of an HTTP tool: the operation that its path means is decided on, and what was decided on is sent, byte for
 * byte. The answer passes as a stream; its outcome is recorded at its end, whichever side ends it.
 */
import type { ActEnd, Performed } from "../../access/act.ts";
import type { Caller } from "../../access/caller.ts";
import type { Withheld } from "../../access/release.ts";
import type { Egress } from "../../egress/egress.ts";
import type { UpstreamLimits, UpstreamRequest } from "../../egress/open.ts";
import { toHex } from "../../kernel/bytes.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import { defined } from "../../kernel/defined.ts";
import type { Result } from "../../kernel/result.ts";
import { actEnd } from "../act-end.ts";
import { callTool, type Called, type Permit, type ToolCallPorts } from "../call-tool.ts";
import { masked } from "../credential/masked-answer.ts";
import { sendWithCredential, type SendPorts } from "../credential/send.ts";
import { reasonOf, reasonOfEnd } from "../early-end.ts";
import type { Unanswered } from "../no-answer.ts";
import {
  guardedEgress,
  isSent,
  retryAfterOf,
  serverOf,
  type CircuitPorts,
} from "../upstream/guarded-egress.ts";
import type { CallFault, NoAnswer } from "../who-failed.ts";
import { answerHeaders, upstreamHeaders } from "./headers.ts";
import { observed, TooLong } from "../observed.ts";
import { questionOf } from "./question.ts";
import type { HttpBody, HttpRequest } from "./request.ts";
import { rewrittenLocation, upstreamUrl } from "./urls.ts";

/** The longest silence before the server's answer, in milliseconds. */
export const HTTP_HEADERS_MS = 30_000;
/** The longest silence within an answer, in milliseconds: a server that streams sends a comment now and then. */
export const HTTP_SILENCE_MS = 120_000;

export interface HttpPorts extends ToolCallPorts, SendPorts, CircuitPorts {
  readonly egress: Egress;
  readonly issuer: string;
  /** Passes exactly so many bytes, and lets the platform say how many they are. */
  fixedLength(bytes: number): ReadableWritablePair<Uint8Array, Uint8Array>;
}

export type HttpAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: Headers;
      readonly body: ReadableStream<Uint8Array> | null;
    }
  | Unanswered;

export async function callHttp(
  ports: HttpPorts,
  caller: Caller,
  request: HttpRequest,
): Promise<Result<Called<HttpAnswer>, Withheld>> {
  return callTool(ports, caller, {
    question: (catalog) => questionOf(catalog, request),
    request: request.request,
    perform: (permit, signal) => perform(ports, request, permit, signal),
  });
}

async function perform(
  ports: HttpPorts,
  request: HttpRequest,
  permit: Permit,
  signal: AbortSignal,
): Promise<Performed<HttpAnswer>> {
  const { tool, limits } = permit;
  const { upstream } = tool;
  const outcome = new HttpOutcome(ports);
  const refused = (why: NoAnswer, status?: number, after?: number): Performed<HttpAnswer> => ({
    value: { kind: "none", why, ...defined({ retryAfterSeconds: after }) },
    end: outcome.failed(why, status),
  });
  if (upstream?.kind !== "http") return refused("not_an_http_tool");
  const url = upstreamUrl(upstream.url, request.path, request.search);
  const bounds: UpstreamLimits = {
    headersMs: HTTP_HEADERS_MS,
    silenceMs: HTTP_SILENCE_MS,
    bytes: limits.maxActBodyBytes,
  };
  const body = outcome.sending(request.body, limits.maxActBodyBytes);
  const forwarded = [...upstream.forwardHeaders, ...declaredHeaders(permit)];
  const { part } = permit.asked;
  const isRepeatable = request.body.kind !== "stream" && part !== null && permit.tool.readOnly.has(part);
  const egress = guardedEgress(ports, serverOf(tool.id, upstream.url));
  const opened = await sendWithCredential(ports, { permit, upstream, signal, isRepeatable }, async (sent) => {
    const headers = upstreamHeaders(request.headers, forwarded, sent.headers);
    const call = { method: request.method, url, headers, body, signal };
    const answer = await egress.open(
      { ...call, ...defined({ sized: sizedAs(ports, request.body) }) },
      bounds,
    );
    if (answer.ok || isSent(answer.error)) outcome.attempts += 1;
    return masked(answer, sent.headers);
  });
  if (outcome.sentTooMuch) return refused("body_too_large");
  if (!opened.ok) return refused(reasonOf(opened.error.kind, signal), undefined, retryAfterOf(opened.error));
  const { status, headers: received, body: answer } = opened.value;
  const drop = (): void => void answer?.cancel().catch(() => undefined);
  // RFC 9110 §15: any other is the fault of a server. Nobody could answer with it either.
  if (status < 200 || status > 599) {
    drop();
    return refused("upstream_unreachable", status);
  }
  // Its 401 is about Dome's credential, and not about the caller's.
  if (status === 401 || status === 403 || status === 407) {
    drop();
    return refused("upstream_refused", status);
  }
  const kept = answerHeaders(received, upstream.forwardHeaders);
  const location = received.get("location");
  if (location !== null) {
    const door = `${ports.issuer}/tools/${request.tool}`;
    const here = rewrittenLocation(location, { url, base: upstream.url, door });
    if (here !== null) kept.set("location", here);
    // Elsewhere it is only left out: the server has done what it was asked to.
    else if (status >= 300 && status < 400) {
      drop();
      return refused("upstream_redirect", status);
    }
  }
  const { stream, end } = outcome.receiving(answer, status, signal);
  return { value: { kind: "answer", status, headers: kept, body: stream }, end };
}

/** Many servers refuse a body of unknown size. So what the caller has said of its size is said to the server, too. */
function sizedAs(ports: HttpPorts, body: HttpBody): UpstreamRequest["sized"] {
  const { length } = body.kind === "stream" ? body : { length: null };
  return length === null
    ? undefined
    : (stream) => {
        const { readable, writable } = ports.fixedLength(length);
        stream.pipeTo(writable).catch(() => undefined); // whoever reads hears of it
        return readable;
      };
}

/** What was decided on is sent: a header that the approved definition names is one of the arguments. */
const declaredHeaders = ({ tool, asked: { part } }: Permit): readonly string[] =>
  (part === null ? undefined : tool.requests.get(part))?.parameters.flatMap((each) =>
    each.in === "header" ? [each.name] : [],
  ) ?? [];

/** What the outcome's record says: whose fault, how long, how much in each direction. */
class HttpOutcome {
  readonly #clock: HttpPorts["clock"];
  readonly #startedAt: number;
  #sent: { readonly bytes: number; readonly sha256?: string } = { bytes: 0 };
  sentTooMuch = false;
  /** How often the call was sent to the server. */
  attempts = 0;

  constructor({ clock }: HttpPorts) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  failed(reason: NoAnswer, status?: number): ActEnd {
    return this.#end("failed", { reason, ...defined({ status }) });
  }

  sending(body: HttpBody, most: number): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null {
    if (body.kind === "none") return null;
    if (body.kind === "json" || body.kind === "bytes") {
      this.#sent = { bytes: body.bytes.length, sha256: toHex(sha256Sync(body.bytes)) };
      return body.bytes;
    }
    return observed(body.stream, most, (end, passed) => {
      this.#sent = passed;
      if (end.kind === "broken" && end.fault instanceof TooLong) this.sentTooMuch = true;
    });
  }

  receiving(
    body: ReadableStream<Uint8Array> | null,
    status: number,
    signal: AbortSignal,
  ): { readonly stream: ReadableStream<Uint8Array> | null; readonly end: Performed<unknown>["end"] } {
    if (body === null) return { stream: null, end: this.#end("completed", { status }) };
    const { promise: end, resolve: settle } = Promise.withResolvers<ActEnd>();
    const stream = observed(body, null, (ended, { bytes, sha256 }) => {
      const received = { status, received: bytes, received_sha256: sha256 };
      const reason = reasonOfEnd(ended, signal);
      settle(
        this.#end(reason === undefined ? "completed" : "failed", {
          ...received,
          ...defined({ reason }),
        }),
      );
    });
    return { stream, end };
  }

  #end(
    outcome: ActEnd["outcome"],
    { reason, ...data }: { readonly reason?: CallFault } & Record<string, unknown>,
  ): ActEnd {
    return actEnd(this.#clock.now() - this.#startedAt, outcome, reason, {
      ...data,
      attempts: this.attempts,
      sent: this.#sent.bytes,
      ...defined({ sent_sha256: this.#sent.sha256 }),
    });
  }
}
