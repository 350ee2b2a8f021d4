/**
 * One request to the service and its retries. Every request may be repeated: it reads, asks, or has a key that makes
 * its repeats one with it.
 * - A credential goes to the URL it was given for and nowhere else: redirects are not followed.
 * - Every change carries an Idempotency-Key, the same in all of its retries, so that it has its effect once (P12).
 */
import { answerOf, readAnswer, readRefusal, type Answer } from "./answer.ts";
import type { Decoder } from "./decode.ts";
import {
  ApiError,
  CancelledError,
  ConnectionError,
  DomeError,
  TimeoutError,
  UnreadableAnswerError,
} from "./errors.ts";
import { randomId, randomShare, type RequestPorts } from "./ports.ts";
import { isInProgress, isOfToolServer, RETRIES, waitBeforeRetry } from "./retry.ts";
import { shownCause } from "./secrets.ts";
import { linked, unlessAborted } from "./signals.ts";

/** A list: the parameter is repeated for each value. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
export type Method = "GET" | "POST" | "PATCH" | "DELETE";
type HeaderFields = Readonly<Record<string, string>>;

interface TransportOptions extends RequestPorts {
  /** The URL of the service, for instance `https://dome.example.com`. */
  readonly url: string;
  /** Sent with each request. */
  readonly headers?: HeaderFields;
  /** How often a failed request is sent again; default 2. */
  readonly retries?: number | undefined;
  /** Time for one attempt, in milliseconds; default 15,000 (a stop that is waited for takes up to 10,000). */
  readonly timeoutMs?: number | undefined;
}

/** What a request may say beside its path and its body. */
export interface Asking {
  readonly headers?: HeaderFields;
  /** Ends the request, and the waiting for its retries: with its reason if that is a TimeoutError, else a CancelledError. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the transport's own number of retries. */
  readonly retries?: number | undefined;
}

interface Outgoing extends Asking {
  readonly method: Method;
  readonly url: string;
  readonly body: string | null;
  readonly changes: boolean;
}

const TIMEOUT_MS = 15_000;
/** Refusals that come before the first byte of the request has gone. */
const NEVER_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);
const EVENT_STREAM = /^text\/event-stream *(?:;|$)/i;
const JSON_TYPE = { "Content-Type": "application/json" };
const FORM_TYPE = { "Content-Type": "application/x-www-form-urlencoded" };

export class Transport {
  readonly #base: string;
  readonly #headers: HeaderFields;
  readonly #ports: RequestPorts;
  readonly #retries: number;
  readonly #timeoutMs: number;

  constructor(options: TransportOptions) {
    this.#base = options.url.replace(/(?<!\/)\/+$/, "");
    this.#headers = { Accept: "application/json", ...options.headers };
    this.#ports = options;
    this.#retries = options.retries ?? RETRIES;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  /** Reads; may be repeated at will. */
  read<T>(path: string, decode: Decoder<T>, query: Query = {}, asking: Asking = {}): Promise<T> {
    const url = this.#url(path, query);
    return this.#send(decode, { ...asking, method: "GET", url, body: null, changes: false });
  }

  /**
   * Opens a stream of server-sent events. No time-out and no retries: the reader opens the next one.
   * @throws DomeError when there is no connection, the service refuses, or the answer is no such stream.
   */
  async open(path: string, query: Query, asking: Asking): Promise<ReadableStream<Uint8Array>> {
    let response: Response;
    try {
      response = await this.#ports.fetch(this.#url(path, query), {
        headers: { ...this.#headers, ...asking.headers, Accept: "text/event-stream" },
        redirect: "manual",
        ...(asking.signal === undefined ? {} : { signal: asking.signal }),
      });
    } catch (fault) {
      throw this.#unanswered(fault, asking.signal);
    }
    if (response.status === 200 && response.body !== null) {
      const type = response.headers.get("content-type") ?? "";
      if (EVENT_STREAM.test(type)) return response.body;
      await response.body.cancel();
      const message = `${this.#base} answered with no stream of events; is this the URL of a Dome service?`;
      throw new UnreadableAnswerError(message, {
        status: 200,
        requestId: response.headers.get("dome-request-id"),
      });
    }
    throw readRefusal(await answerOf(response), this.#ports.clock.now());
  }

  /** Changes something, once, however often the request has to be sent. */
  change<T>(
    method: Exclude<Method, "GET">,
    path: string,
    decode: Decoder<T>,
    options: { readonly body?: unknown; readonly query?: Query; readonly headers?: HeaderFields } = {},
  ): Promise<T> {
    const { body, query = {}, headers = {} } = options;
    return this.#send(decode, {
      method,
      url: this.#url(path, query),
      headers: {
        ...headers,
        "Idempotency-Key": randomId(this.#ports.random),
        ...(body === undefined ? {} : JSON_TYPE),
      },
      body: body === undefined ? null : JSON.stringify(body),
      changes: true,
    });
  }

  /** A POST that changes nothing, or nothing more when it is repeated: a repeat only asks again. */
  ask<T>(
    path: string,
    decode: Decoder<T>,
    body: URLSearchParams | object | string,
    asking: Asking = {},
  ): Promise<T> {
    return this.#send(decode, this.#posted(path, body, asking));
  }

  /** A POST of a form that is answered without a body, and whose repeat changes nothing more. */
  async tell(path: string, body: URLSearchParams, asking: Asking = {}): Promise<void> {
    await this.#answered(this.#posted(path, body, asking));
  }

  #posted(path: string, body: URLSearchParams | object | string, asking: Asking): Outgoing {
    const form = body instanceof URLSearchParams;
    return {
      ...asking,
      method: "POST",
      url: this.#url(path, {}),
      headers: { ...asking.headers, ...(form ? FORM_TYPE : JSON_TYPE) },
      body: form ? body.toString() : typeof body === "string" ? body : JSON.stringify(body),
      changes: false,
    };
  }

  async #send<T>(decode: Decoder<T>, outgoing: Outgoing): Promise<T> {
    return readAnswer(await this.#answered(outgoing), decode);
  }

  async #answered(outgoing: Outgoing): Promise<Answer> {
    let made = 0;
    let inProgressMs = 0;
    let maybeDone = false;
    for (;;) {
      const outcome = await this.#attempt(outgoing);
      if (!(outcome instanceof DomeError)) return outcome;
      const { changes } = outgoing;
      maybeDone ||= changes && leavesEffectOpen(outcome);
      const allowed = outgoing.retries ?? this.#retries;
      const jitter = randomShare(this.#ports.random);
      const wait = waitBeforeRetry(outcome, { made, allowed, inProgressMs, changes, jitter });
      if (wait === null) {
        outcome.maybeDone = maybeDone;
        throw outcome;
      }
      if (isInProgress(outcome)) inProgressMs += wait;
      else made += 1;
      await unlessAborted(this.#ports.timers.sleep(wait, outgoing.signal), outgoing.signal);
    }
  }

  async #attempt(outgoing: Outgoing): Promise<Answer | DomeError> {
    if (outgoing.signal?.aborted === true) return new CancelledError();
    const either = linked([this.#ports.deadline(this.#timeoutMs), outgoing.signal]);
    let answer: Answer;
    try {
      const response = await this.#ports.fetch(outgoing.url, {
        method: outgoing.method,
        headers: { ...this.#headers, ...outgoing.headers },
        body: outgoing.body,
        redirect: "manual",
        signal: either.signal,
      });
      answer = await answerOf(response);
    } catch (fault) {
      return this.#unanswered(fault, outgoing.signal);
    } finally {
      either.release();
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    if (answer.status < 400) {
      const message = `${this.#base} redirects elsewhere, and a credential is not sent after a redirect`;
      return new UnreadableAnswerError(message, answer);
    }
    return readRefusal(answer, this.#ports.clock.now());
  }

  #unanswered(fault: unknown, signal: AbortSignal | undefined): DomeError {
    if (signal?.aborted === true)
      return signal.reason instanceof TimeoutError ? signal.reason : new CancelledError();
    const { name, cause } = fault instanceof Error ? fault : { name: "", cause: undefined };
    if (name === "TimeoutError" || name === "AbortError") {
      const message = `no answer from ${this.#base} within ${this.#timeoutMs / 1000} s`;
      return new TimeoutError(message, { cause: shownCause(fault) });
    }
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : null;
    const message = `no connection to ${this.#base}${code === null ? "" : ` (${code})`}`;
    const sent = code === null || !NEVER_SENT.has(code);
    return new ConnectionError(message, { cause: shownCause(fault), sent });
  }

  #url(path: string, query: Query): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const each of Array.isArray(value) ? value : [value])
        if (each !== undefined) search.append(name, String(each));
    }
    const asked = search.toString();
    return `${this.#base}${path}${asked === "" ? "" : `?${asked}`}`;
  }
}

/** After this answer, or none, a change may have been made all the same. */
function leavesEffectOpen(error: DomeError): boolean {
  if (error instanceof ConnectionError) return error.sent;
  if (isOfToolServer(error)) return false;
  if (error instanceof ApiError) return error.status >= 500 || isInProgress(error);
  return true;
}
