/**
 * Audit events from inside the process. They wait in a bounded buffer and leave in batches; what the service has not
 * answered for is sent again under the same id, so that each has one record. What does not fit, or is not taken, is
 * counted, and the loss is reported.
 */
import { readReport, reportOf, type Links, type Outcome } from "./audit-event.ts";
import { bearer, type WithCredential } from "./credential.ts";
import { CancelledError, DomeError, InvalidRequestError } from "./errors.ts";
import { randomId, randomShare, type Ports } from "./ports.ts";
import { isTransient, pauseAfter } from "./retry.ts";
import type { Transport } from "./transport.ts";

const PATH = "/api/v1/audit/events";
/** The most events of one report, however many the service takes. */
export const MOST_PER_REPORT = 100;
/** How long events wait for others to go with them, in milliseconds. */
const GATHER_MS = 500;

interface Parts {
  readonly ports: Ports;
  readonly transport: Transport;
  /** The key where there is one: it delivers also what a suspended agent has buffered. */
  readonly withCredential: WithCredential;
  /** The most events that wait. */
  readonly most: number;
  readonly onError: (fault: unknown) => void;
  readonly onLost: (count: number) => void;
}

interface Waiting {
  readonly id: string;
  readonly json: string;
  /** It tells of a loss: the loss of it is not told again, or that would never end. */
  readonly tellsLoss?: true;
}

/** The audit events of this process: `client.audit`. */
export class AuditReports {
  readonly #parts: Parts;
  /** Before every id of this process, so that no other process of the agent has the same ones. */
  readonly #prefix: string;
  #made = 0;
  #waiting: Waiting[] = [];
  #mostPerReport = MOST_PER_REPORT;
  #lost = 0;
  #untold = 0;
  #failures = 0;
  #sending: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #isClosed = false;
  readonly #givingUp = new AbortController();
  /** The last report failed, if it did, in a way that passes by itself. */
  #isWorthAnother = true;
  /** Before the next report, after one that failed, in milliseconds. */
  #pauseMs = 0;

  /** @internal */
  constructor(parts: Parts) {
    this.#parts = parts;
    this.#prefix = randomId(parts.ports.random);
  }

  /**
   * Reports something: `sdk.decision` (data: `decision`, `reason`), `sdk.error` (data: `error`), `sdk.signal` (data:
   * `signal`), or a name of your own (`order_placed` becomes `sdk.custom.order_placed`). Put no personal data into it:
   * it cannot be erased.
   * @param links the decision and the transaction that it belongs to, and what it is about.
   * @returns the event's id.
   * @throws ConfigurationError when no service would take it; nothing else.
   */
  emit(kind: string, data: Readonly<Record<string, unknown>> = {}, links: Links = {}): string {
    const id = this.#newId();
    const time = new Date(this.#parts.ports.clock.now()).toISOString();
    const json = reportOf(id, time, kind, data, links);
    if (this.#isClosed || this.#waiting.length >= this.#parts.most) this.#lose(1);
    else {
      this.#waiting.push({ id, json });
      this.#sendAfter(this.#waiting.length >= this.#mostPerReport ? 0 : GATHER_MS);
    }
    return id;
  }

  /** How many events wait to be sent. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many events were lost since this client was made. */
  get lost(): number {
    return this.#lost;
  }

  /** Sends what waits. @returns when all of it is delivered, or one report could not be: the rest is tried again later. */
  async flush(): Promise<void> {
    while (!this.#givingUp.signal.aborted && (this.#waiting.length > 0 || this.#untold > 0)) {
      const failures = this.#failures;
      await this.#send();
      if (this.#failures > failures) return;
    }
  }

  /** @internal */
  limit(eventsPerReport: number): void {
    this.#mostPerReport = Math.min(MOST_PER_REPORT, Math.max(1, eventsPerReport));
  }

  /** @internal Takes no more, and sends what waits. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    await this.flush();
    while (this.#waiting.length > 0 && this.#isWorthAnother) {
      await this.#parts.ports.timers.sleep(this.#pauseMs, this.#givingUp.signal);
      await this.flush();
    }
  }

  /** @internal What was not delivered by now is lost. */
  giveUp(): void {
    this.#cancelTimer?.();
    const left = this.#waiting.splice(0).filter(({ tellsLoss }) => tellsLoss !== true).length;
    this.#givingUp.abort();
    if (left > 0) this.#lose(left);
  }

  #newId(): string {
    this.#made += 1;
    return `${this.#prefix}-${this.#made}`;
  }

  #lose(count: number): void {
    this.#lost += count;
    this.#untold += count;
    this.#parts.onLost(count);
  }

  #sendAfter(ms: number): void {
    if (this.#cancelTimer !== null || this.#sending !== null || this.#isClosed) return;
    const { timers } = this.#parts.ports;
    this.#cancelTimer = timers.after(ms, () => {
      this.#cancelTimer = null;
      this.#send().catch(this.#parts.onError);
    });
  }

  /** One report at a time, so that events arrive in their order. Never throws for what the service does. */
  #send(): Promise<void> {
    this.#sending ??= this.#sendOne().finally(() => {
      this.#sending = null;
      if (this.#waiting.length === 0 && this.#untold === 0) return;
      this.#sendAfter(this.#pauseMs);
    });
    return this.#sending;
  }

  async #sendOne(): Promise<void> {
    this.#tellLoss();
    const batch = this.#waiting.slice(0, this.#mostPerReport);
    if (batch.length === 0) return;
    const { transport, withCredential, onError, ports } = this.#parts;
    const { signal } = this.#givingUp;
    const decode = readReport(batch.length);
    const body = `{"events":[${batch.map(({ json }) => json).join(",")}]}`;
    try {
      const outcomes = await withCredential((credential) =>
        transport.ask(PATH, decode, body, { headers: bearer(credential), retries: 0, signal }),
      );
      this.#waiting.splice(0, batch.length);
      this.#failures = 0;
      this.#pauseMs = 0;
      for (const [index, outcome] of outcomes.entries()) this.#settle(outcome, batch[index]);
    } catch (fault) {
      if (fault instanceof InvalidRequestError) this.#shrink(batch.length);
      else {
        this.#pauseMs = pauseAfter(fault, this.#failures, randomShare(ports.random));
        this.#failures += 1;
        this.#isWorthAnother = fault instanceof DomeError && isTransient(fault);
      }
      if (!(fault instanceof CancelledError)) onError(fault);
    }
  }

  #settle({ outcome, detail, id }: Outcome, event: Waiting | undefined): void {
    if (outcome === "recorded" || outcome === "merged") return;
    this.#parts.onError(
      new InvalidEventError(`the event ${id ?? ""} was not recorded: ${outcome} ${detail ?? ""}`),
    );
    if (event?.tellsLoss !== true) this.#lose(1);
  }

  /** The service does not take this report: a smaller one may be taken; of one event it is that event's fault. */
  #shrink(size: number): void {
    if (size > 1) this.#mostPerReport = Math.ceil(size / 2);
    else if (this.#waiting.shift()?.tellsLoss !== true) this.#lose(1);
  }

  /** Puts the loss itself before what waits. It is told once, under one id, however often that is sent. */
  #tellLoss(): void {
    if (this.#untold === 0) return;
    const id = this.#newId();
    const time = new Date(this.#parts.ports.clock.now()).toISOString();
    const json = reportOf(id, time, "sdk.signal", { signal: "events_lost", count: this.#untold }, {});
    this.#untold = 0;
    this.#waiting.unshift({ id, json, tellsLoss: true });
  }
}

/** The service did not take one event. */
class InvalidEventError extends Error {
  override readonly name = "InvalidEventError";
}
