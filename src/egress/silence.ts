/** Notices that somebody who is waited for says nothing, with one timer at a time, however often they do say something. */
import type { Timers } from "../kernel/clock.ts";

/** How often it looks within the limit: what is late is noticed at most a fourth of the limit later. */
const LOOKS = 4;

export class SilenceWatch {
  #heard = 0;
  #awaiting = true;
  #over = false;

  /**
   * @param limitMs the longest silence, in milliseconds.
   * @param onSilence called at most once, and not after `end`.
   */
  constructor(timers: Timers, limitMs: number, onSilence: () => void) {
    const look = async (): Promise<void> => {
      let quiet = 0;
      while (!this.#over) {
        const before = this.#heard;
        await timers.sleep(limitMs / LOOKS);
        quiet = this.#awaiting && this.#heard === before ? quiet + 1 : 0;
        if (quiet === LOOKS && !this.#over) {
          this.end();
          onSilence();
        }
      }
    };
    look().catch(onSilence); // a timer that fails watches nobody
  }

  /** Something came. */
  heard(): void {
    this.#heard += 1;
  }

  /** @param awaiting false while it is not their turn: whoever reads slowly makes nobody silent. */
  turn(awaiting: boolean): void {
    this.#heard += 1;
    this.#awaiting = awaiting;
  }

  end(): void {
    this.#over = true;
  }
}
