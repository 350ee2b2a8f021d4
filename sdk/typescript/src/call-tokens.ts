/**
 * A call token that is always good for a while: renewed ahead of its end, one renewal at a time. Its end is counted from
 * before it was asked for, by a monotonic clock, so that a wrong time of day does not matter.
 */
import { NotAuthenticatedError } from "./errors.ts";
import { randomShare, type Ports } from "./ports.ts";
import { pauseAfter } from "./retry.ts";

export interface Grant {
  readonly token: string;
  /** Seconds from when it was made; null: it is asked for again each time. */
  readonly expiresIn: number | null;
}

interface Epochs {
  /** Grows whenever tokens may have died: what was obtained or asked for before is not used after. */
  readonly epoch: number;
}

/** Obtains a token. `refused`: the service refused the last one. */
export type Obtain = (wish: { readonly refused: boolean }) => Promise<Grant>;

interface Held {
  readonly token: string;
  /** In which it was asked for. */
  readonly epoch: number;
  /** By the monotonic clock: from here on it is not used any more. */
  readonly endsAt: number;
  readonly renewAt: number;
}

/** How long before its end a token is no longer sent: it would end on the way. At most a tenth of its life. */
const MARGIN_MS = 5_000;
/** The part of its life after which a token is renewed; the jitter comes on top. */
const RENEW_AFTER = 0.7;
const RENEW_JITTER = 0.15;
/** No token is taken to be good for longer, whatever its `expires_in`: a day, in seconds. */
const LONGEST_LIFE = 86_400;

export class CallTokens {
  readonly #obtain: Obtain;
  readonly #ports: Ports;
  readonly #epochs: Epochs;
  readonly #onFault: (fault: unknown) => void;
  #held: Held | null = null;
  #refused = false;
  #asking: { readonly epoch: number; readonly held: Promise<Held> } | null = null;
  /** Background renewals that failed in a row, and until when none is made. */
  #failures = 0;
  #pausedUntil = 0;
  #cancelTimer: (() => void) | null = null;
  #keeping = false;

  /** @param onFault told why a renewal in the background failed. */
  constructor(obtain: Obtain, ports: Ports, epochs: Epochs, onFault: (fault: unknown) => void) {
    this.#obtain = obtain;
    this.#ports = ports;
    this.#epochs = epochs;
    this.#onFault = onFault;
  }

  /** @throws DomeError when there is none, and none can be obtained. */
  async get(): Promise<string> {
    const now = this.#ports.clock.monotonic();
    const held = this.#current();
    if (held === null || now >= held.endsAt) return (await this.#renew()).token;
    if (now >= held.renewAt && now >= this.#pausedUntil) this.#renewAhead();
    return held.token;
  }

  /**
   * Sends something with a token. One may be dead before its end, after a stop and a start for instance: one fresh one is
   * tried.
   * @param isRefusal whether what came back refuses the token, where that is no NotAuthenticatedError.
   * @throws DomeError when there is no token to be had; what `send` throws.
   */
  async use<T>(
    send: (token: string) => Promise<T>,
    isRefusal: (answer: T) => boolean | Promise<boolean> = () => false,
  ): Promise<T> {
    const token = await this.get();
    try {
      const answer = await send(token);
      if (!(await isRefusal(answer))) return answer;
    } catch (fault) {
      if (!(fault instanceof NotAuthenticatedError)) throw fault;
    }
    this.refuse(token);
    return send(await this.get());
  }

  /** The service refused this token: it is not used again. The held token stays where it is another one. */
  refuse(token: string): void {
    if (this.#current()?.token !== token) return;
    this.#held = null;
    this.#refused = true;
  }

  /** Asks for no token before one is needed: the agent was stopped. */
  rest(): void {
    this.#failures = 0;
    this.#pausedUntil = 0;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  /** From now on renews by itself, without a request that needs the token. */
  keepFresh(): void {
    this.#keeping = true;
    this.#schedule();
  }

  stop(): void {
    this.#keeping = false;
    this.rest();
  }

  #current(): Held | null {
    return this.#held?.epoch === this.#epochs.epoch ? this.#held : null;
  }

  #renewAhead(): void {
    this.#renew().catch(this.#onFault);
  }

  /** One request at a time: callers that come meanwhile wait for the same one. */
  #renew(): Promise<Held> {
    const { epoch } = this.#epochs;
    if (this.#asking?.epoch === epoch) return this.#asking.held;
    const held = this.#ask(epoch).finally(() => {
      if (epoch !== this.#epochs.epoch) return;
      this.#asking = null;
      this.#schedule();
    });
    this.#asking = { epoch, held };
    return held;
  }

  async #ask(epoch: number): Promise<Held> {
    const asked = this.#ports.clock.monotonic();
    try {
      const { token, expiresIn } = await this.#obtain({ refused: this.#refused });
      const life = Math.min(expiresIn ?? 0, LONGEST_LIFE) * 1000;
      const jitter = RENEW_JITTER * randomShare(this.#ports.random);
      const held = {
        token,
        epoch,
        endsAt: asked + life - Math.min(MARGIN_MS, life / 10),
        renewAt: expiresIn === null ? Infinity : asked + life * (RENEW_AFTER + jitter),
      };
      if (epoch !== this.#epochs.epoch) return held;
      this.#held = held;
      this.#refused = false;
      this.#failures = 0;
      this.#pausedUntil = 0;
      return held;
    } catch (fault) {
      if (epoch !== this.#epochs.epoch) throw fault;
      const pause = pauseAfter(fault, this.#failures, randomShare(this.#ports.random));
      this.#failures += 1;
      this.#pausedUntil = this.#ports.clock.monotonic() + pause;
      throw fault;
    }
  }

  #schedule(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (!this.#keeping) return;
    const next = this.#current()?.renewAt ?? (this.#failures > 0 ? this.#pausedUntil : Infinity);
    if (next < Infinity) this.#wakeAt(Math.max(next, this.#pausedUntil));
  }

  #wakeAt(at: number): void {
    const wait = Math.max(0, at - this.#ports.clock.monotonic());
    this.#cancelTimer = this.#ports.timers.after(wait, () => {
      if (this.#keeping) this.#renewAhead();
    });
  }
}
