/**
 * Watches a running act (P3): it may run only as long as the leases that admitted it.
 *
 * At half of the remaining time the watchdog asks the objects again; at the end it cuts the act. It sleeps no
 * longer than the leases last, so neither a hanging renewal nor an unreachable object keeps an act alive. A renewal
 * that refuses cuts the act at once.
 */
import type { Clock, Timers } from "../kernel/clock.ts";
import type { Stale, TokenState } from "../lifecycle/admission.ts";
import type { LeaseClient } from "./lease-client.ts";

interface WatchdogPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly leases: LeaseClient;
}

/**
 * The shortest time between two renewals, in milliseconds, so that unreachable objects are not asked in a tight
 * loop.
 */
const RETRY_MS = 50;

export class Watchdog {
  readonly #ports: WatchdogPorts;
  readonly #state: TokenState;
  readonly #abort = new AbortController();
  /** Ends the round of the watch that is going on, and with it the watch. */
  #round = new AbortController();
  #stale: Stale | undefined;

  /** Settles when the watch ends: with the reason if the act was cut, with `undefined` if the watch was called off. */
  readonly cut: Promise<Stale | undefined>;

  /** @param state of a call that has just been admitted; the watch begins at once. */
  constructor(ports: WatchdogPorts, state: TokenState) {
    this.#ports = ports;
    this.#state = state;
    this.cut = this.#watch();
  }

  /** Aborted when the right to act ends. It closes everything that the act has open, on both sides. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why the act was cut; undefined when it was not. */
  get stale(): Stale | undefined {
    return this.#stale;
  }

  /** Called when the act has ended by itself. */
  callOff(): void {
    this.#round.abort();
  }

  /** Called when the result is withheld: whatever the act still has open ends now. */
  abandon(why: string): void {
    this.callOff();
    this.#abort.abort(new Error(`withheld: ${why}`));
  }

  async #watch(): Promise<Stale | undefined> {
    const { clock, timers, leases } = this.#ports;
    for (;;) {
      const until = leases.admittedUntil(this.#state);
      if (!until.ok) return this.#cut(until.error);
      const left = until.value - clock.now();
      const round = new AbortController();
      this.#round = round;
      const { signal } = round;
      await timers.sleep(Math.min(left, Math.max(left / 2, RETRY_MS)), signal);
      if (signal.aborted) return undefined;
      const rest = Math.max(0, until.value - clock.now());
      // Not `inTime`: its timer would outlast a watch that is called off.
      await Promise.race([leases.renew(this.#state), timers.sleep(rest, signal)]);
      if (signal.aborted) return undefined;
      round.abort();
    }
  }

  #cut(stale: Stale): Stale {
    this.#stale = stale;
    this.#abort.abort(new Error(`cut: ${stale.kind}`));
    return stale;
  }
}
