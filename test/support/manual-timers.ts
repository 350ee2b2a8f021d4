/** Time that stands still until a test moves it: a clock and its timers in one. */
import type { Clock, Timers } from "../../src/kernel/clock.ts";

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

export class ManualTime implements Clock, Timers {
  #now: number;
  #sleepers: Sleeper[] = [];

  /** @param now milliseconds since the epoch. */
  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => this.#sleepers.push({ due: this.#now + ms, wake }));
  }

  /** Moves time on and wakes whoever is due, in order, each with everything that follows from it. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#sleepers.filter(({ due }) => due <= end).toSorted((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next);
      this.#now = next.due;
      next.wake();
      await settle();
    }
    this.#now = end;
  }
}

/** Lets every promise that can go on go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
