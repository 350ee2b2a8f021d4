/**
 * Watches over an act in flight (P3): it may go on as long as the leases that admitted it, and not a moment longer.
 *
 * At half of what is left it asks the objects again, at the end it cuts. It sleeps no longer than the leases last, so
 * neither a renewal that hangs nor an object that is away keeps an act alive; a renewal that says no cuts at once.
 */
import type { Clock, Timers } from "../kernel/clock.ts";
import type { Stale, TokenState } from "../lifecycle/admission.ts";
import type { LeaseClient } from "./lease-client.ts";

interface WatchdogPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly leases: LeaseClient;
}

/** The shortest time between two tries to renew, in milliseconds: objects that are away are not asked in a loop. */
const RETRY_MS = 50;

export class Watchdog {
  readonly #ports: WatchdogPorts;
  readonly #state: TokenState;
  readonly #abort = new AbortController();
  readonly #over: Promise<void>;
  #stop: () => void = () => undefined;
  #isOver = false;
  #stale: Stale | undefined;

  /** Settles when the watch is over; with the reason if it has cut, with `undefined` if it was called off. */
  readonly cut: Promise<Stale | undefined>;

  /** @param state of a call that has just been admitted; the watch begins at once. */
  constructor(ports: WatchdogPorts, state: TokenState) {
    this.#ports = ports;
    this.#state = state;
    this.#over = new Promise((resolve) => {
      this.#stop = resolve;
    });
    this.cut = this.#watch();
  }

  /** Aborted when the right to act has ended: for everything that the act has open, on both sides. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why it has cut; undefined: it has not. */
  get stale(): Stale | undefined {
    return this.#stale;
  }

  /** The act is over by itself. */
  callOff(): void {
    this.#isOver = true;
    this.#stop();
  }

  /** What it has brought is withheld: whatever it has still open ends now. */
  abandon(why: string): void {
    this.callOff();
    this.#abort.abort(new Error(`withheld: ${why}`));
  }

  async #watch(): Promise<Stale | undefined> {
    const { clock, timers, leases } = this.#ports;
    while (!this.#isOver) {
      const until = leases.admittedUntil(this.#state);
      if (!until.ok) return this.#cut(until.error);
      const left = until.value - clock.now();
      await Promise.race([this.#over, timers.sleep(Math.min(left, Math.max(left / 2, RETRY_MS)))]);
      if (this.#isOver) break;
      const rest = Math.max(0, until.value - clock.now());
      await Promise.race([this.#over, leases.renew(this.#state), timers.sleep(rest)]);
    }
    return undefined;
  }

  #cut(stale: Stale): Stale {
    this.#stale = stale;
    this.#isOver = true;
    this.#abort.abort(new Error(`cut: ${stale.kind}`));
    return stale;
  }
}
