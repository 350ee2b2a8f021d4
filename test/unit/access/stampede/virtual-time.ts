/** Time of a simulated world in whole milliseconds, for code with promises: it moves on when nothing more can happen. */
import type { Clock, Timers } from "../../../../src/kernel/clock.ts";
import { Timeline } from "../../lifecycle/simulator/timeline.ts";

export class VirtualTime implements Clock, Timers {
  readonly #timeline = new Timeline();
  #now = 0;

  now(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => this.after(ms, wake));
  }

  after(ms: number, run: () => void): void {
    this.#timeline.at(Math.ceil(this.#now + ms), run);
  }

  /** Plays everything up to `end`. Between two milliseconds every promise that can go on goes on. */
  async playUntil(end: number): Promise<void> {
    for (; this.#now < end; this.#now += 1) {
      for (let ran = true; ran;) {
        ran = this.#timeline.playUntil(this.#now) > 0;
        if (ran) await new Promise(setImmediate);
      }
    }
  }
}
