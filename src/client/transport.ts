/**
 * One request to the service and its retries. Every request may be repeated: it reads, asks, or has a key that makes
 * its repeats one with it.
 * - A credential goes to the URL it was given for and nowhere else: redirects are not followed.
 * - Every change carries an Idempotency-Key, the same in all of its retries, so that it has its effect once (P12).
 */
import type { z } from "zod";
import { readAnswer, readRefusal, type Answer } from "./answer.ts";
import { ApiError, ConnectionError, DomeError, TimeoutError, UnreadableAnswerError } from "./errors.ts";
import { platformPorts, type Ports } from "./ports.ts";
import { isInProgress, RETRIES, waitBeforeRetry } from "./retry.ts";

export interface ClientOptions extends Partial<Ports> {
  /** The URL of the service, for instance `https://dome.example.com`. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`; null for what is public. */
  readonly token: string | null;
  /** How often a failed request is sent again; default 2. */
  readonly retries?: number;
  /** Time for one attempt, in milliseconds; default 15,000 (a stop that is waited for takes up to 10,000). */
  readonly timeoutMs?: number;
  readonly userAgent?: string;
}

/** A list: the parameter is repeated for each value. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
export type Method = "GET" | "POST" | "PATCH" | "DELETE";

interface Outgoing {
  readonly method: Method;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly changes: boolean;
}

const TIMEOUT_MS = 15_000;
/** Refusals that come before the first byte of the request has gone. */
const NEVER_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);
const JSON_TYPE = { "Content-Type": "application/json" };
const FORM_TYPE = { "Content-Type": "application/x-www-form-urlencoded" };

export class Transport {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #ports: Ports;
  readonly #retries: number;
  readonly #timeoutMs: number;

  /** @throws DomeError when the token is not visible ASCII; the message does not repeat it. */
  constructor(options: ClientOptions) {
    if (options.token !== null && !/^[\x21-\x7e]+$/.test(options.token)) {
      throw new DomeError("invalid_argument", "the credential has characters that no credential has");
    }
    this.#base = options.url.replace(/\/+$/, "");
    this.#headers = {
      Accept: "application/json",
      ...(options.userAgent === undefined ? {} : { "User-Agent": options.userAgent }),
      ...(options.token === null ? {} : { Authorization: `Bearer ${options.token}` }),
    };
    this.#ports = {
      fetch: options.fetch ?? platformPorts.fetch,
      clock: options.clock ?? platformPorts.clock,
      timers: options.timers ?? platformPorts.timers,
      random: options.random ?? platformPorts.random,
      deadline: options.deadline ?? platformPorts.deadline,
    };
    this.#retries = options.retries ?? RETRIES;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  /** Reads; may be repeated at will. */
  read<T>(path: string, schema: z.ZodType<T>, query: Query = {}): Promise<T> {
    return this.#send(schema, {
      method: "GET",
      url: this.#url(path, query),
      headers: {},
      body: null,
      changes: false,
    });
  }

  /**
   * Opens a stream of server-sent events. No time-out and no retries: whoever reads comes back by itself.
   * @throws DomeError when there is no connection, or the service refuses.
   */
  async open(
    path: string,
    query: Query,
    headers: Readonly<Record<string, string>>,
  ): Promise<ReadableStream<Uint8Array>> {
    let response: Response;
    try {
      response = await this.#ports.fetch(this.#url(path, query), {
        headers: { ...this.#headers, ...headers, Accept: "text/event-stream" },
        redirect: "manual",
      });
    } catch (fault) {
      throw this.#unanswered(fault);
    }
    if (response.status === 200 && response.body !== null) return response.body;
    const requestId = response.headers.get("dome-request-id");
    const retryAfter = response.headers.get("retry-after");
    const answer = { status: response.status, requestId, retryAfter, text: await response.text() };
    throw readRefusal(answer, this.#ports.clock.now());
  }

  /** Changes something, once, however often the request has to be sent. */
  change<T>(
    method: Exclude<Method, "GET">,
    path: string,
    schema: z.ZodType<T>,
    options: {
      body?: unknown;
      query?: Query;
      headers?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<T> {
    const { body, query = {}, headers = {} } = options;
    return this.#send(schema, {
      method,
      url: this.#url(path, query),
      headers: {
        ...headers,
        "Idempotency-Key": this.#newKey(),
        ...(body === undefined ? {} : JSON_TYPE),
      },
      body: body === undefined ? null : JSON.stringify(body),
      changes: true,
    });
  }

  /** A POST that changes nothing (a check, a token): a repeat only asks again. */
  ask<T>(
    path: string,
    schema: z.ZodType<T>,
    body: URLSearchParams | object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const form = body instanceof URLSearchParams;
    return this.#send(schema, {
      method: "POST",
      url: this.#url(path, {}),
      headers: { ...headers, ...(form ? FORM_TYPE : JSON_TYPE) },
      body: form ? body.toString() : JSON.stringify(body),
      changes: false,
    });
  }

  /** A POST of a form that is answered without a body, and whose repeat changes nothing more. */
  async tell(path: string, body: URLSearchParams): Promise<void> {
    await this.#answered({
      method: "POST",
      url: this.#url(path, {}),
      headers: FORM_TYPE,
      body: body.toString(),
      changes: false,
    });
  }

  async #send<T>(schema: z.ZodType<T>, outgoing: Outgoing): Promise<T> {
    return readAnswer(await this.#answered(outgoing), schema);
  }

  async #answered(outgoing: Outgoing): Promise<Answer> {
    let made = 0;
    let inProgressMs = 0;
    let maybeDone = false;
    for (;;) {
      const outcome = await this.#attempt(outgoing);
      if (!(outcome instanceof DomeError)) return outcome;
      maybeDone ||= outgoing.changes && leavesEffectOpen(outcome);
      const attempt = { made, allowed: this.#retries, inProgressMs, jitter: this.#jitter() };
      const wait = waitBeforeRetry(outcome, attempt);
      if (wait === null) {
        outcome.maybeDone = maybeDone;
        throw outcome;
      }
      if (isInProgress(outcome)) inProgressMs += wait;
      else made += 1;
      await this.#ports.timers.sleep(wait);
    }
  }

  async #attempt(outgoing: Outgoing): Promise<Answer | DomeError> {
    let answer: Answer;
    try {
      const response = await this.#ports.fetch(outgoing.url, {
        method: outgoing.method,
        headers: { ...this.#headers, ...outgoing.headers },
        body: outgoing.body,
        redirect: "manual",
        signal: this.#ports.deadline(this.#timeoutMs),
      });
      const { status, headers } = response;
      const requestId = headers.get("dome-request-id");
      answer = {
        status,
        requestId,
        retryAfter: headers.get("retry-after"),
        text: await response.text(),
      };
    } catch (fault) {
      return this.#unanswered(fault);
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    if (answer.status < 400) {
      const message = `${this.#base} redirects elsewhere, and a credential is not sent after a redirect`;
      return new UnreadableAnswerError(message, answer);
    }
    return readRefusal(answer, this.#ports.clock.now());
  }

  #unanswered(fault: unknown): DomeError {
    const { name, cause } = fault instanceof Error ? fault : { name: "", cause: undefined };
    if (name === "TimeoutError" || name === "AbortError") {
      return new TimeoutError(`no answer from ${this.#base} within ${this.#timeoutMs / 1000} s`, {
        cause: fault,
      });
    }
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : null;
    const message = `no connection to ${this.#base}${code === null ? "" : ` (${code})`}`;
    return new ConnectionError(message, { cause: fault, sent: code === null || !NEVER_SENT.has(code) });
  }

  #url(path: string, query: Query): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const each of Array.isArray(value) ? value : [value])
        if (each !== undefined) search.append(name, String(each));
    }
    return `${this.#base}${path}${search.size > 0 ? `?${search.toString()}` : ""}`;
  }

  /** 128 random bits as hex: visible ASCII, and nobody else's. */
  #newKey(): string {
    return Array.from(this.#ports.random.bytes(16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  #jitter(): number {
    return (this.#ports.random.bytes(1)[0] ?? 0) / 256;
  }
}

/** After this answer, or none, a change may have been made all the same. */
function leavesEffectOpen(error: DomeError): boolean {
  if (error instanceof ConnectionError) return error.sent;
  if (error instanceof ApiError) return error.status >= 500 || isInProgress(error);
  return true;
}

/**
 * A path from literal text and values; the values are escaped, so that no name can leave its segment.
 * @throws DomeError for the three names that no escaping keeps in place (RFC 3986 §5.2.4).
 */
export function route(parts: TemplateStringsArray, ...values: readonly string[]): string {
  const wrong = values.find((value) => ["", ".", ".."].includes(value));
  if (wrong !== undefined) throw new DomeError("invalid_argument", `"${wrong}" is no name and no id`);
  return String.raw({ raw: parts }, ...values.map(encodeURIComponent));
}
