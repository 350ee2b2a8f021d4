/**
 * Rate counters in the memory of one isolate. The embedded server has one isolate and no edge. Miniflare implements the
 * rate-limiting binding with an object and a table, and three calls to it cost more than a check.
 */
import { RATE_PERIOD_S } from "../contract/tier.ts";
import type { Clock } from "../kernel/clock.ts";
import type { RateCounter } from "./rate-limits.ts";

/** The most keys that one counter holds in a period. */
const MOST_KEYS = 100_000;

/** Counts by key, in periods that begin at the same instant for all keys, as the binding does. */
export class IsolateCounter implements RateCounter {
  readonly #counts = new Map<string, number>();
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #mostKeys: number;
  #period = 0;

  /**
   * @param limit the number of requests of one key that a period allows.
   * @param mostKeys the number of keys that are counted. One more resets all counts, so that memory is bounded and no
   * caller is refused for the requests of others.
   */
  constructor(limit: number, clock: Clock, mostKeys = MOST_KEYS) {
    this.#limit = limit;
    this.#clock = clock;
    this.#mostKeys = mostKeys;
  }

  async limit({ key }: { readonly key: string }): Promise<{ readonly success: boolean }> {
    const period = Math.floor(this.#clock.now() / (RATE_PERIOD_S * 1000));
    const before = period === this.#period ? this.#counts.get(key) : undefined;
    if (period !== this.#period || (before === undefined && this.#counts.size >= this.#mostKeys))
      this.#counts.clear();
    this.#period = period;
    const count = (before ?? 0) + 1;
    if (count > this.#limit) return { success: false };
    this.#counts.set(key, count);
    return { success: true };
  }
}
