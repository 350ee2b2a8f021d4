/**
 * A call of an HTTP tool: the operation that its path means is decided on, and what was decided on is sent, byte for
 * byte. The answer passes as a stream; its outcome is recorded at its end, whichever side ends it.
 */
import type { ActEnd, Performed } from "../../access/act.ts";
import type { Caller } from "../../access/caller.ts";
import type { Unserved } from "../../access/release.ts";
import type { Egress } from "../../egress/egress.ts";
import {
  redirects,
  type UpstreamLimits,
  type UpstreamRequest,
  type UpstreamResponse,
} from "../../egress/open.ts";
import { defined } from "../../kernel/defined.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { Upstream } from "../../registry/upstream.ts";
import { redactionOf, type RedactionRules } from "../../registry/redaction/rules.ts";
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
import { refusesCredential } from "../upstream/status.ts";
import { named, type CallFault, type NoAnswer } from "../who-failed.ts";
import { answerHeaders, upstreamHeaders } from "./headers.ts";
import { observed, TooLong } from "../observed.ts";
import { tallied, type Tallied } from "../tally.ts";
import { questionOf } from "./question.ts";
import type { HttpBody, HttpRequest } from "./request.ts";
import { PARTIAL, redactAnswer } from "./redact-answer.ts";
import { rewrittenLocation, upstreamUrl } from "./urls.ts";

/** The longest silence before the server's answer, in milliseconds. */
export const HTTP_HEADERS_MS = 30_000;
/** The longest silence within an answer, in milliseconds: a server that streams sends a comment now and then. */
export const HTTP_SILENCE_MS = 120_000;

export interface HttpPorts extends ToolCallPorts, SendPorts, CircuitPorts {
  readonly configuration: ToolCallPorts["configuration"];
  readonly signingKeys: ToolCallPorts["signingKeys"] & SendPorts["signingKeys"];
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
): Promise<Result<Called<HttpAnswer>, Unserved>> {
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
  stop: AbortSignal,
): Promise<Performed<HttpAnswer>> {
  const { tool, limits } = permit;
  const { upstream } = tool;
  const { gone } = request;
  const signal = AbortSignal.any([stop, gone]);
  // What the signal has ended because the client had gone is nobody else's fault.
  const outcome = new HttpOutcome(ports, () => gone.aborted && signal.reason === gone.reason);
  const refused = (reason: NoAnswer, status?: number, after?: number): Performed<HttpAnswer> => {
    const why = named(reason, upstream?.auth.type);
    return {
      value: { kind: "none", why, ...defined({ retryAfterSeconds: after }) },
      end: outcome.failed(why, status),
    };
  };
  if (upstream?.kind !== "http") return refused("not_an_http_tool");
  const url = upstreamUrl(upstream.url, request.path, request.search);
  const rules = redactionOf(upstream.redaction);
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
    if (rules !== null) for (const name of PARTIAL) headers.delete(name);
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
  const answer = opened.value;
  const kept = passedHeaders(answer, { door: `${ports.issuer}/tools/${request.tool}`, url, upstream });
  const refusal = refusalOf(answer) ?? (kept.ok ? null : kept.error);
  if (refusal !== null || !kept.ok) {
    answer.body?.cancel().catch(() => undefined);
    return refused(refusal ?? "upstream_redirect", answer.status);
  }
  const passing = { outcome, headers: kept.value, signal };
  return rules === null
    ? passAnswer(ports, answer, passing)
    : passRedacted(ports, answer, { ...passing, rules, most: limits.maxActBodyBytes });
}

/** What is no answer for the caller, whatever its body says. */
function refusalOf({ status }: UpstreamResponse): NoAnswer | null {
  // RFC 9110 §15: any other is the fault of a server. Nobody could answer with it either.
  if (status < 200 || status > 599) return "upstream_unreachable";
  // Its 401 is about Dome's credential, and not about the caller's.
  return refusesCredential(status) ? "upstream_refused" : null;
}

function passedHeaders(
  { status, headers }: UpstreamResponse,
  { door, url, upstream }: { readonly door: string; readonly url: string; readonly upstream: Upstream },
): Result<Headers, NoAnswer> {
  const kept = answerHeaders(headers, upstream.forwardHeaders);
  const location = headers.get("location");
  if (location === null) return ok(kept);
  const here = rewrittenLocation(location, { url, base: upstream.url, door });
  if (here !== null) kept.set("location", here);
  // Elsewhere it is only left out: the server has done what it was asked to.
  else if (redirects(status)) return err("upstream_redirect");
  return ok(kept);
}

interface PassingAnswer {
  readonly outcome: HttpOutcome;
  /** Those that pass. */
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

function passAnswer(
  { fixedLength }: HttpPorts,
  { status, headers: received, body }: UpstreamResponse,
  { outcome, headers, signal, ...more }: PassingAnswer & { readonly redacted?: number },
): Performed<HttpAnswer> {
  const length = body === null ? null : lengthOf(received);
  const { stream, end } = outcome.receiving(body, { status, ...more }, { signal, length });
  const sized = stream === null || length === null ? stream : sizedStream(stream, fixedLength(length));
  return { value: { kind: "answer", status, headers, body: sized }, end };
}

/** Of a body that passes as it came: a body in an encoding has another length for whoever decodes it. */
function lengthOf(headers: Headers): number | null {
  const said = headers.get("content-length") ?? "";
  return /^\d{1,15}$/.test(said) && !headers.has("content-encoding") ? Number(said) : null;
}

async function passRedacted(
  ports: HttpPorts,
  answer: UpstreamResponse,
  { rules, most, ...passing }: PassingAnswer & { readonly rules: RedactionRules; readonly most: number },
): Promise<Performed<HttpAnswer>> {
  const { outcome, headers, signal } = passing;
  const { status } = answer;
  const redacted = await redactAnswer(answer, rules, { kept: headers, most, signal });
  if (!redacted.ok) {
    answer.body?.cancel().catch(() => undefined);
    return { value: { kind: "none", why: redacted.error }, end: outcome.failed(redacted.error, status) };
  }
  const { body, passes, received, count } = redacted.value;
  if (passes) return passAnswer(ports, answer, { ...passing, redacted: count });
  const end = outcome.redacted(body, { status, received, redacted: count });
  const stream = body === null ? null : streamOf(body, ports.fixedLength(body.length));
  return { value: { kind: "answer", status, headers, body: stream }, end };
}

const streamOf = (bytes: Uint8Array<ArrayBuffer>, sized: Sized): ReadableStream<Uint8Array> =>
  sizedStream(
    new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(bytes);
        controller.close();
      },
    }),
    sized,
  );

/** Many servers refuse a body of unknown size. So what the caller has said of its size is said to the server, too. */
function sizedAs(ports: HttpPorts, body: HttpBody): UpstreamRequest["sized"] {
  const { length } = body.kind === "stream" ? body : { length: null };
  return length === null ? undefined : (stream) => sizedStream(stream, ports.fixedLength(length));
}

type Sized = ReadableWritablePair<Uint8Array, Uint8Array>;

function sizedStream(
  stream: ReadableStream<Uint8Array>,
  { readable, writable }: Sized,
): ReadableStream<Uint8Array> {
  stream.pipeTo(writable).catch(() => undefined); // whoever reads hears of it
  return readable;
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
  #sent: Partial<Tallied> = {};
  sentTooMuch = false;
  /** How often the call was sent to the server. */
  attempts = 0;
  readonly #isLeft: () => boolean;

  /** @param isLeft the client has gone, and that has ended the call. */
  constructor({ clock }: HttpPorts, isLeft: () => boolean) {
    this.#clock = clock;
    this.#isLeft = isLeft;
    this.#startedAt = clock.now();
  }

  failed(reason: NoAnswer, status?: number): ActEnd {
    return this.#end("failed", { reason: this.#isLeft() ? "caller_gone" : reason, ...defined({ status }) });
  }

  sending(body: HttpBody, most: number): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null {
    if (body.kind === "none") return null;
    if (body.kind === "json" || body.kind === "bytes") {
      this.#sent = tallied(body.bytes);
      return body.bytes;
    }
    return observed(body.stream, { most }, (end, passed) => {
      this.#sent = passed;
      if (end.kind === "broken" && end.fault instanceof TooLong) this.sentTooMuch = true;
    });
  }

  receiving(
    body: ReadableStream<Uint8Array> | null,
    facts: { readonly status: number; readonly redacted?: number },
    { signal, length }: { readonly signal: AbortSignal; readonly length: number | null },
  ): { readonly stream: ReadableStream<Uint8Array> | null; readonly end: Performed<unknown>["end"] } {
    if (body === null) return { stream: null, end: this.#end("completed", facts) };
    const { promise: end, resolve: settle } = Promise.withResolvers<ActEnd>();
    const stream = observed(body, length === null ? {} : { exactly: length }, (ended, { bytes, sha256 }) => {
      const received = { ...facts, received: bytes, received_sha256: sha256 };
      const isLeft = ended.kind === "broken" && this.#isLeft();
      const reason = isLeft ? "caller_gone" : reasonOfEnd(ended, signal);
      settle(
        this.#end(reason === undefined ? "completed" : "failed", {
          ...received,
          ...defined({ reason }),
        }),
      );
    });
    return { stream, end };
  }

  /**
   * The digest is that of what the agent gets. One of what the server sent would let anybody who reads the trail try
   * which card number it was.
   */
  redacted(
    body: Uint8Array | null,
    facts: { readonly status: number; readonly received: number; readonly redacted?: number },
  ): ActEnd {
    if (body === null) return this.#end("completed", facts);
    const { bytes: passed, sha256: passed_sha256 } = tallied(body);
    return this.#end("completed", { ...facts, passed, passed_sha256 });
  }

  #end(
    outcome: ActEnd["outcome"],
    { reason, ...data }: { readonly reason?: CallFault } & Record<string, unknown>,
  ): ActEnd {
    return actEnd(this.#clock.now() - this.#startedAt, outcome, reason, {
      ...data,
      attempts: this.attempts,
      sent: this.#sent.bytes ?? 0,
      ...defined({ sent_sha256: this.#sent.sha256 }),
    });
  }
}
