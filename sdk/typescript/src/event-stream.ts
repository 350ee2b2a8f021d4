/**
 * The stream of the agent's lifecycle events: one connection at a time, opened again whenever it ends, with the number of
 * the last event that was heard. Only a revocation ends it for good.
 */
import { bearer, type WithCredential } from "./credential.ts";
import { Mismatch } from "./decode.ts";
import { ApiError, ConnectionError, NotAuthenticatedError, TimeoutError } from "./errors.ts";
import { eventOf } from "./lifecycle-event.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { randomShare, type Ports } from "./ports.ts";
import { pauseAfter } from "./retry.ts";
import { EventParser, type ServerEvent } from "./server-events.ts";
import { linked } from "./signals.ts";
import type { Transport } from "./transport.ts";

const PATH = "/api/v1/agents/self/events";
/** The service says something every 15 s; after this silence the connection is given up. */
export const SILENCE_MS = 45_000;
/** Without another word of the service a stream that ended is opened again after this. */
const PAUSE_MS = 2_000;
/** What the service may ask for instead. */
const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** After a refusal that only an operator ends: a halted workspace, a dead key, too many streams. */
const SLOW_PAUSE_MS = 30_000;

interface Parts {
  readonly ports: Ports;
  readonly transport: Transport;
  /** The key where there is one: it opens the stream also of a suspended agent. */
  readonly withCredential: WithCredential;
  readonly lifecycle: Lifecycle;
  readonly onLimit: (eventsPerReport: number) => void;
  readonly onError: (fault: unknown) => void;
}

export class EventStream {
  readonly #parts: Parts;
  #last: string | null = null;
  #failures = 0;
  #pauseMs = PAUSE_MS;
  #isStarted = false;
  readonly #stopped = new AbortController();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#stopped.abort();
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#stayConnected().catch(this.#parts.onError);
  }

  /** The pauses keep the process alive: it waits for the service, however long that is away. */
  async #stayConnected(): Promise<void> {
    const { lifecycle, ports } = this.#parts;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const pauseMs = await this.#connected();
      if (lifecycle.isRevoked) return;
      await ports.timers.sleep(pauseMs, signal);
    }
  }

  /** One connection, to its end. @returns after how long the next one is due, in milliseconds. */
  async #connected(): Promise<number> {
    const { lifecycle, onError } = this.#parts;
    try {
      await this.#listen();
      return this.#jittered(lifecycle.isHalted ? SLOW_PAUSE_MS : this.#pauseMs);
    } catch (fault) {
      if (!this.#stopped.signal.aborted) onError(fault);
      return this.#pauseAfter(fault);
    } finally {
      lifecycle.disconnected();
    }
  }

  /** @throws DomeError for a connection that said nothing: it is as good as none. */
  async #listen(): Promise<void> {
    const { transport, withCredential, ports } = this.#parts;
    const silence = new AbortController();
    let cancel = (): void => undefined;
    const heard = (): void => {
      cancel();
      cancel = ports.timers.after(SILENCE_MS, () => {
        silence.abort(new TimeoutError(`the service said nothing for ${SILENCE_MS / 1000} s`));
      });
    };
    heard();
    const { signal, release } = linked([this.#stopped.signal, silence.signal]);
    const last = this.#last === null ? {} : { "Last-Event-ID": this.#last };
    let events = 0;
    try {
      const body = await withCredential((credential) =>
        transport.open(PATH, {}, { headers: { ...bearer(credential), ...last }, signal }),
      );
      const reader = body.getReader();
      const parser = new EventParser();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        heard();
        for (const event of parser.push(value)) {
          events += 1;
          this.#hear(event);
        }
        const asked = parser.retryMs ?? this.#pauseMs;
        this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, asked));
      }
    } finally {
      cancel();
      silence.abort();
      release();
    }
    if (events === 0)
      throw new ConnectionError("the stream of events ended before its first event", { sent: true });
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
    return pauseAfter(fault, made, randomShare(this.#parts.ports.random));
  }

  /** Between the half and the whole of it. */
  #jittered(ms: number): number {
    return Math.round(ms * (0.5 + randomShare(this.#parts.ports.random) / 2));
  }
}
