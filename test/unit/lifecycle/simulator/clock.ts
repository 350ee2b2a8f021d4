/** A machine's clock: it starts anywhere, runs a little fast or slow, and may step back. */
import type { Dice } from "./dice.ts";
import { DRIFT } from "./faults.ts";
import type { Timeline } from "./timeline.ts";

export class MachineClock {
  readonly #timeline: Timeline;
  readonly #rate: number;
  #offset: number;

  constructor(timeline: Timeline, dice: Dice, calm: boolean) {
    this.#timeline = timeline;
    this.#rate = calm ? 1 : dice.between(1 - DRIFT, 1 + DRIFT);
    this.#offset = 1_800_000_000_000 + dice.between(-10_000, 10_000);
  }

  /** Whole milliseconds, as `Date.now()` gives them. */
  now(): number {
    return Math.floor(this.#offset + this.#timeline.now * this.#rate);
  }

  stepBack(ms: number): void {
    this.#offset -= ms;
  }
}
