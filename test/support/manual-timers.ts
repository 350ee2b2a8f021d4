/** Time that stands still until a test moves it: a clock and its timers in one. */
import type { Clock, Timers } from "../../src/kernel/clock.ts";

interface Timer {
  readonly due: number;
  readonly ring: () => void;
}

export class ManualTime implements Clock, Timers {
  #now: number;
  #timers: Timer[] = [];
  readonly #settle: () => Promise<void>;

  /**
   * @param now milliseconds since the epoch.
   * @param settle lets everything go on that can; by itself: promises.
   */
  constructor(now = 0, settle: () => Promise<void> = settlePromises) {
    this.#now = now;
    this.#settle = settle;
  }

  now(): number {
    return this.#now;
  }

  /** @param until ends the sleep early. */
  sleep(ms: number, until?: AbortSignal): Promise<void> {
    return new Promise((wake) => {
      const end = (): void => {
        cancel();
        until?.removeEventListener("abort", end);
        wake();
      };
      const cancel = this.after(ms, end);
      if (until?.aborted === true) end();
      else until?.addEventListener("abort", end, { once: true });
    });
  }

  /** How many timers have neither rung nor been cancelled. */
  get running(): number {
    return this.#timers.length;
  }

  /** @returns what cancels it. */
  after(ms: number, ring: () => void): () => void {
    const timer = { due: this.#now + ms, ring };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Moves time on and rings what is due, in order, each with everything that follows from it. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.#settle();
    for (;;) {
      const next = this.#timers.filter(({ due }) => due <= end).toSorted((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = next.due;
      next.ring();
      await this.#settle();
    }
    this.#now = end;
  }
}

/** Lets every promise that can go on go on. */
export async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
}
