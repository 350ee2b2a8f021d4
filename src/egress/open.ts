/**
 * A call that streams in both directions. Dome adds nothing to the caller's request, except that it asks for an answer
 * that is neither encoded nor cached. No redirect is followed. A server that stays silent for too long is disconnected,
 * both before the headers of its answer and between two parts of its body.
 */
import type { Timers } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isDecoded, requestHeaders, responseHeaders } from "./headers.ts";
import { SilenceWatch } from "./silence.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface UpstreamRequest {
  readonly method: string;
  readonly url: string;
  /** All headers, credentials included: Dome adds none. Headers of the connection are left out. */
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null;
  /** Gives the body of a stream whose size is known to the platform, which then tells the server. */
  readonly sized?: (body: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>;
  /** The caller's signal, which ends the call at any moment. */
  readonly signal?: AbortSignal;
}

export interface UpstreamLimits {
  /**
   * The longest silence before the headers of the answer, in milliseconds, connecting included: `fetch` does not tell the
   * one from the other. Each part of the request's body that the server takes restarts it, and so does each that the
   * caller sends: a caller that stops sending is not the server's silence.
   */
  readonly headersMs: number;
  /** The longest wait for the next part of the answer's body, in milliseconds. */
  readonly silenceMs: number;
  /** The greatest size of the answer's body, in bytes; null for no limit. */
  readonly bytes: number | null;
}

export interface UpstreamResponse {
  readonly status: number;
  /** Without the headers of the connection. */
  readonly headers: Headers;
  /** An error of this stream is an `UpstreamFault`. Cancelling the stream closes the connection. */
  readonly body: ReadableStream<Uint8Array> | null;
}

/** RFC 9110 §15.4: the answer leads elsewhere, and no such answer is followed. */
export const redirects = (status: number): boolean => status >= 300 && status < 400;

/**
 * Why a call ended early. `undecodable`: the server has answered, in an encoding that the runtime decodes, and the body is
 * not whole, or not of that encoding. The last two are the caller's: its body has stopped coming, or has broken off, and nothing is
 * said of the server.
 */
export type UpstreamEnd =
  "unreachable" | "undecodable" | "timed_out" | "too_large" | "aborted" | "body_silent" | "body_broken";

/** The error that reading the body of an answer throws. */
export class UpstreamFault extends Error {
  readonly end: UpstreamEnd;
  constructor(end: UpstreamEnd) {
    super(`the answer ended early: ${end}`);
    this.name = "UpstreamFault";
    this.end = end;
  }
}

/** The state of one call. The first end is kept; later ones are ignored. */
class Call {
  readonly #connection = new AbortController();
  #end: UpstreamEnd | null = null;

  get signal(): AbortSignal {
    return this.#connection.signal;
  }

  /** Closes the connection. */
  stop(end: UpstreamEnd): void {
    this.#end ??= end;
    this.#connection.abort(new UpstreamFault(this.#end));
  }

  /** The reason for a rejection: the end that Dome set, else a broken connection. */
  ended(): UpstreamEnd {
    return (this.#end ??= "unreachable");
  }
}

/**
 * @param fetch reaches the address, which has been checked before.
 * @returns the answer with any status; a redirect is for the caller to refuse.
 */
export async function open(
  fetch: Fetch,
  timers: Timers,
  request: UpstreamRequest,
  limits: UpstreamLimits,
): Promise<Result<UpstreamResponse, UpstreamEnd>> {
  const call = new Call();
  if (request.signal?.aborted === true) return err("aborted");
  const abort = (): void => call.stop("aborted");
  request.signal?.addEventListener("abort", abort);
  const done = (): void => request.signal?.removeEventListener("abort", abort);

  const upload = { isAwaited: false };
  const watch = new SilenceWatch(timers, limits.headersMs, () =>
    call.stop(upload.isAwaited ? "body_silent" : "timed_out"),
  );
  const ended = new Promise<UpstreamEnd>((resolve) => {
    call.signal.addEventListener("abort", () => resolve(call.ended()), { once: true });
  });
  const asked = fetch(request.url, {
    method: request.method,
    headers: requestHeaders(request.headers),
    redirect: "manual", // a redirect could lead to an address that was not checked
    cache: "no-store",
    signal: call.signal,
    ...defined({
      body: request.body === null ? undefined : sent(request, request.body, { call, watch, upload }),
    }),
  });
  try {
    const answer = await Promise.race([asked, ended]);
    watch.end();
    if (typeof answer === "string") {
      letGo(asked);
      done();
      return err(answer);
    }
    const tooLarge = limits.bytes !== null && Number(answer.headers.get("content-length")) > limits.bytes;
    if (tooLarge || answer.body === null) done();
    if (tooLarge) {
      call.stop("too_large");
      letGo(asked);
      return err("too_large");
    }
    const body = answer.body as ReadableStream<Uint8Array> | null;
    return ok({
      status: answer.status,
      headers: responseHeaders(answer.headers),
      body:
        body === null
          ? null
          : watched(body, { call, timers, limits, isDecoded: isDecoded(answer.headers), done }),
    });
  } catch {
    watch.end();
    done();
    return err(call.ended());
  }
}

/** Abandons an answer that is no longer awaited: its body is cancelled and its error ignored. */
function letGo(asked: Promise<Response>): void {
  asked.then(
    (late) => late.body?.cancel().catch(() => undefined),
    () => undefined,
  );
}

interface Sending {
  readonly call: Call;
  readonly watch: SilenceWatch;
  /** Whether the next part of the request's body is the caller's to send. */
  readonly upload: { isAwaited: boolean };
}

function sent(
  { sized }: UpstreamRequest,
  body: NonNullable<UpstreamRequest["body"]>,
  sending: Sending,
): NonNullable<UpstreamRequest["body"]> {
  const stream = counted(body, sending);
  return stream instanceof Uint8Array ? stream : (sized?.(stream) ?? stream);
}

/** The request's body, observed as it is sent: each part that is taken shows that the server is responding. */
function counted(
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>,
  { call, watch, upload }: Sending,
): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> {
  if (body instanceof Uint8Array) return body;
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        watch.heard();
        upload.isAwaited = true;
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (fault) {
          call.stop("body_broken");
          throw fault;
        } finally {
          upload.isAwaited = false;
          watch.heard();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

interface Watching {
  readonly call: Call;
  readonly timers: Timers;
  readonly limits: UpstreamLimits;
  /** By the runtime, as it is read. */
  readonly isDecoded: boolean;
  readonly done: () => void;
}

/** The answer's body, limited in silence and size. It is read no faster than the caller reads it. */
function watched(
  body: ReadableStream<Uint8Array>,
  { call, timers, limits: { silenceMs, bytes }, isDecoded: decodes, done }: Watching,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let size = 0;
  let watch: SilenceWatch | null = null;
  const close = (): void => {
    watch?.end();
    done();
  };
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        // An abort takes effect even while nobody reads: data buffered in the stream is not handed out afterwards.
        call.signal.addEventListener(
          "abort",
          () => {
            close();
            controller.error(new UpstreamFault(call.ended()));
          },
          { once: true },
        );
      },
      pull: async (controller) => {
        watch ??= new SilenceWatch(timers, silenceMs, () => call.stop("timed_out"));
        watch.turn(true);
        try {
          const { done: atEnd, value } = await reader.read();
          watch.turn(false);
          if (call.signal.aborted) return;
          size += value?.length ?? 0;
          if (bytes !== null && size > bytes) call.stop("too_large");
          else if (atEnd) {
            close();
            controller.close();
          } else controller.enqueue(value);
        } catch {
          if (!call.signal.aborted) call.stop(decodes ? "undecodable" : "unreachable");
        }
      },
      cancel: () => {
        close();
        call.stop("aborted");
      },
    },
    { highWaterMark: 0 },
  );
}
