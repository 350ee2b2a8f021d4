/**
 * A call that streams both ways. Nothing is sent that the caller did not write down, but that the answer shall be neither
 * encoded nor old; no redirect is followed; whoever is silent is let go of: before the headers of the answer, and between any two parts of its body.
 */
import type { Timers } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { SilenceWatch } from "./silence.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface UpstreamRequest {
  readonly method: string;
  readonly url: string;
  /** All of them, credentials too: none is added. Those of the connection are left out. */
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null;
  /** The caller's: ends the call at any moment. */
  readonly signal?: AbortSignal;
}

export interface UpstreamLimits {
  /** The longest silence until the headers of the answer, in milliseconds; each part of the body that is taken begins it anew. */
  readonly headersMs: number;
  /** The longest silence while a part of the answer's body is waited for, in milliseconds. */
  readonly silenceMs: number;
  /** Of the answer's body; null: as long as it comes. */
  readonly bytes: number | null;
}

export interface UpstreamResponse {
  readonly status: number;
  /** Without those of the connection. */
  readonly headers: Headers;
  /** Its error, if it has one, is an `UpstreamFault`. Cancelling it closes the connection. */
  readonly body: ReadableStream<Uint8Array> | null;
}

/** How a call ended that did not end well. */
export type UpstreamEnd = "unreachable" | "timed_out" | "too_large" | "aborted";

/** What reading the body of an answer can throw. */
export class UpstreamFault extends Error {
  readonly end: UpstreamEnd;
  constructor(end: UpstreamEnd) {
    super(`the answer ended early: ${end}`);
    this.name = "UpstreamFault";
    this.end = end;
  }
}

/** One call: how it ended is written down once, by whoever notices first. */
class Call {
  readonly #connection = new AbortController();
  #end: UpstreamEnd | null = null;

  get signal(): AbortSignal {
    return this.#connection.signal;
  }

  /** Lets go of the connection. */
  stop(end: UpstreamEnd): void {
    this.#end ??= end;
    this.#connection.abort(new UpstreamFault(this.#end));
  }

  /** What a rejection means: our own end of it, or a connection that broke. */
  ended(): UpstreamEnd {
    return (this.#end ??= "unreachable");
  }
}

/**
 * @param fetch what reaches the address, which has been checked.
 * @returns the answer whatever its status, a redirect too: it is the caller's to refuse.
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

  const watch = new SilenceWatch(timers, limits.headersMs, () => call.stop("timed_out"));
  const ended = new Promise<UpstreamEnd>((resolve) => {
    call.signal.addEventListener("abort", () => resolve(call.ended()), { once: true });
  });
  const asked = fetch(request.url, {
    method: request.method,
    headers: requestHeaders(request.headers),
    redirect: "manual", // a redirect would name an address that nobody has checked
    cache: "no-store",
    signal: call.signal,
    ...(request.body === null ? {} : { body: counted(request.body, watch) }),
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
      body: body === null ? null : watched(body, call, timers, limits, done),
    });
  } catch {
    watch.end();
    done();
    return err(call.ended());
  }
}

/** What nobody waits for any more: its body is not read, its fault is not heard. */
function letGo(asked: Promise<Response>): void {
  asked.then(
    (late) => late.body?.cancel().catch(() => undefined),
    () => undefined,
  );
}

/** The body as it is sent: each part that is taken shows that the other side is there. */
function counted(
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>,
  watch: SilenceWatch,
): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> {
  if (body instanceof Uint8Array) return body;
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        watch.heard();
        const { done, value } = await reader.read();
        watch.heard();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** The body as it comes, with an eye on silence and size. It is read only as fast as it is wanted. */
function watched(
  body: ReadableStream<Uint8Array>,
  call: Call,
  timers: Timers,
  { silenceMs, bytes }: UpstreamLimits,
  done: () => void,
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
        // Also while nobody reads: what waits in the stream is not handed out after an abort.
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
          if (!call.signal.aborted) call.stop(call.ended());
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
