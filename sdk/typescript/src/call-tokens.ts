/**
 * A call token that is always good for a while: renewed ahead of its end, one renewal at a time. Its end is counted from
 * before it was asked for, by a clock that nobody sets, so that a wrong time of day does not matter.
 */
import { ApiError, type DomeError } from "./errors.ts";
import { randomShare, type Ports } from "./ports.ts";
import { backOff } from "./retry.ts";

export interface Grant {
  readonly token: string;
  /** Seconds from when it was made; null: it is asked for again each time. */
  readonly expiresIn: number | null;
}

/** Obtains a token. `refused`: the service refused the last one. */
export type Obtain = (wish: { readonly refused: boolean }) => Promise<Grant>;

interface Held {
  readonly token: string;
  /** By the monotonic clock: from here on it is not used any more. */
  readonly endsAt: number;
  readonly renewAt: number;
}

/** So long before its end a token is not sent any more: it would end on the way. At most a tenth of its life. */
const MARGIN_MS = 5_000;
/** The part of its life after which a token is renewed; the jitter comes on top. */
const RENEW_AFTER = 0.7;
const RENEW_JITTER = 0.15;
const LONGEST_PAUSE_MS = 30_000;

export class CallTokens {
  readonly #obtain: Obtain;
  readonly #ports: Ports;
  readonly #onFault: (fault: unknown) => void;
  #held: Held | null = null;
  #refused = false;
  #asking: Promise<Held> | null = null;
  /** Background renewals that failed in a row, and until when none is made. */
  #failures = 0;
  #pausedUntil = 0;
  #cancelTimer: (() => void) | null = null;
  #keeping = false;

  /** @param onFault told why a renewal in the background failed. */
  constructor(obtain: Obtain, ports: Ports, onFault: (fault: unknown) => void) {
    this.#obtain = obtain;
    this.#ports = ports;
    this.#onFault = onFault;
  }

  /** @throws DomeError when there is none and none is to be had. */
  async get(): Promise<string> {
    const now = this.#ports.clock.monotonic();
    const held = this.#held;
    if (held === null || now >= held.endsAt) return (await this.#renew()).token;
    if (now >= held.renewAt && now >= this.#pausedUntil) this.#renewAhead();
    return held.token;
  }

  /** The service refused this token: it is not used again. Another one than the held one is old news. */
  refuse(token: string): void {
    if (this.#held?.token !== token) return;
    this.#held = null;
    this.#refused = true;
  }

  /** Forgets the token, for instance because the keys or the state of the agent have changed. */
  forget(): void {
    this.#held = null;
  }

  /** From now on renews by itself, without a request that needs the token. */
  keepFresh(): void {
    this.#keeping = true;
    this.#schedule();
  }

  stop(): void {
    this.#keeping = false;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#held = null;
  }

  #renewAhead(): void {
    this.#renew().catch(this.#onFault);
  }

  /** One at a time: who comes meanwhile waits for the same one. */
  #renew(): Promise<Held> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
      this.#schedule();
    });
    return this.#asking;
  }

  async #ask(): Promise<Held> {
    const asked = this.#ports.clock.monotonic();
    const refused = this.#refused;
    try {
      const { token, expiresIn } = await this.#obtain({ refused });
      const life = (expiresIn ?? 0) * 1000;
      const jitter = RENEW_JITTER * randomShare(this.#ports.random);
      const held = {
        token,
        endsAt: asked + life - Math.min(MARGIN_MS, life / 10),
        renewAt: expiresIn === null ? Infinity : asked + life * (RENEW_AFTER + jitter),
      };
      this.#held = held;
      this.#refused = false;
      this.#failures = 0;
      this.#pausedUntil = 0;
      return held;
    } catch (fault) {
      const pause =
        retryAfterOf(fault as DomeError) ??
        backOff(this.#failures, LONGEST_PAUSE_MS, randomShare(this.#ports.random));
      this.#failures += 1;
      this.#pausedUntil = this.#ports.clock.monotonic() + pause;
      throw fault;
    }
  }

  #schedule(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (!this.#keeping) return;
    const next = this.#held?.renewAt ?? (this.#failures > 0 ? this.#pausedUntil : Infinity);
    if (next < Infinity) this.#wakeAt(Math.max(next, this.#pausedUntil));
  }

  #wakeAt(at: number): void {
    const wait = Math.max(0, at - this.#ports.clock.monotonic());
    this.#cancelTimer = this.#ports.timers.after(wait, () => {
      if (this.#keeping) this.#renewAhead();
    });
  }
}

const retryAfterOf = (fault: DomeError): number | null =>
  fault instanceof ApiError ? fault.retryAfterMs : null;
