/**
 * The stream of the agent's lifecycle events: one connection at a time, opened again whenever it ends, with the number of
 * the last event that was heard. Only a revocation ends it for good.
 */
import { bearer } from "./credential.ts";
import { Mismatch } from "./decode.ts";
import { ApiError, NotAuthenticatedError } from "./errors.ts";
import { eventOf } from "./lifecycle-event.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { randomShare, type Ports } from "./ports.ts";
import { backOff } from "./retry.ts";
import { EventParser, type ServerEvent } from "./server-events.ts";
import { linked } from "./signals.ts";
import type { Transport } from "./transport.ts";

const PATH = "/api/v1/agents/self/events";
/** The service says something every 15 s; after this silence the connection is given up. */
const SILENCE_MS = 45_000;
/** Without another word of the service a stream that ended is opened again after this. */
const PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;
/** After a refusal that only an operator ends: a halted workspace, a dead key, too many streams. */
const SLOW_PAUSE_MS = 30_000;

interface Parts {
  readonly ports: Ports;
  readonly transport: Transport;
  /** The key where there is one: it opens the stream also of a suspended agent. */
  readonly credential: () => Promise<string>;
  readonly lifecycle: Lifecycle;
  readonly closing: AbortSignal;
  readonly onLimit: (eventsPerReport: number) => void;
  readonly onError: (fault: unknown) => void;
}

export class EventStream {
  readonly #parts: Parts;
  #last: string | null = null;
  #failures = 0;
  #pauseMs = PAUSE_MS;
  #isStarted = false;
  #cancel: (() => void) | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#cancel?.();
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#connect();
  }

  #connect(): void {
    this.#listenAndPause().then((pause) => this.#comeBack(pause), this.#parts.onError);
  }

  #comeBack(pauseMs: number): void {
    const { lifecycle, closing, ports } = this.#parts;
    if (closing.aborted || lifecycle.isRevoked) return;
    this.#cancel = ports.timers.after(pauseMs, () => this.#connect());
  }

  /** One connection. @returns after how long the next one is due, in milliseconds. */
  async #listenAndPause(): Promise<number> {
    const { lifecycle, closing, onError } = this.#parts;
    try {
      await this.#listen();
      return this.#jittered(lifecycle.isHalted ? SLOW_PAUSE_MS : this.#pauseMs);
    } catch (fault) {
      if (!closing.aborted) onError(fault);
      return this.#pauseAfter(fault);
    } finally {
      lifecycle.disconnected();
    }
  }

  /** Reads one connection to its end. */
  async #listen(): Promise<void> {
    const { transport, credential, closing, ports } = this.#parts;
    const silence = new AbortController();
    let cancel = (): void => undefined;
    const heard = (): void => {
      cancel();
      cancel = ports.timers.after(SILENCE_MS, () => silence.abort());
    };
    heard();
    const { signal, release } = linked([closing, silence.signal]);
    try {
      const headers = {
        ...bearer(await credential()),
        ...(this.#last === null ? {} : { "Last-Event-ID": this.#last }),
      };
      const body = await transport.open(PATH, {}, { headers, signal });
      const reader = body.getReader();
      const parser = new EventParser();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        heard();
        for (const event of parser.push(value)) this.#hear(event);
        this.#pauseMs = parser.retryMs ?? this.#pauseMs;
      }
    } finally {
      cancel();
      silence.abort();
      release();
    }
  }

  #hear({ id, data }: ServerEvent): void {
    const { lifecycle, onLimit, onError } = this.#parts;
    try {
      const event = eventOf(JSON.parse(data));
      if (event?.type === "state" && event.eventsPerReport !== null) onLimit(event.eventsPerReport);
      if (event !== null) lifecycle.hear(event);
      this.#failures = 0;
    } catch (fault) {
      // A newer service may say what this version cannot read: the next state heals it.
      if (!(fault instanceof Mismatch) && !(fault instanceof SyntaxError)) throw fault;
      onError(fault);
    }
    if (id !== null) this.#last = id;
  }

  #pauseAfter(fault: unknown): number {
    const made = this.#failures;
    this.#failures += 1;
    if (fault instanceof NotAuthenticatedError) return this.#jittered(SLOW_PAUSE_MS);
    if (fault instanceof ApiError && fault.code === "too_many_streams") return this.#jittered(SLOW_PAUSE_MS);
    if (fault instanceof ApiError && fault.code === "invalid_request") this.#last = null;
    const asked = fault instanceof ApiError ? fault.retryAfterMs : null;
    const pause = backOff(made, LONGEST_PAUSE_MS, randomShare(this.#parts.ports.random));
    return asked === null ? pause : Math.min(LONGEST_PAUSE_MS, asked);
  }

  /** Between the half and the whole of it. */
  #jittered(ms: number): number {
    return Math.round(ms * (0.5 + randomShare(this.#parts.ports.random) / 2));
  }
}
