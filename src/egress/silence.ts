/** Detects that the other side is silent, with a single timer, however often data arrives. */
import { Ending, type Timers } from "../kernel/clock.ts";

/** Checks per limit: silence is noticed at most a quarter of the limit late. */
const LOOKS = 4;

export class SilenceWatch {
  #heard = 0;
  #awaiting = true;
  readonly #over = new Ending();

  /**
   * @param limitMs the longest silence, in milliseconds.
   * @param onSilence called at most once, and not after `end`.
   */
  constructor(timers: Timers, limitMs: number, onSilence: () => void) {
    const look = async (): Promise<void> => {
      let quiet = 0;
      while (!this.#over.aborted) {
        const before = this.#heard;
        await timers.sleep(limitMs / LOOKS, this.#over);
        quiet = this.#awaiting && this.#heard === before ? quiet + 1 : 0;
        if (quiet === LOOKS && !this.#over.aborted) {
          this.end();
          onSilence();
        }
      }
    };
    look().catch(onSilence); // a broken timer counts as silence, because nothing would be watched
  }

  /** Data has arrived. */
  heard(): void {
    this.#heard += 1;
  }

  /**
   * @param awaiting false while it is not the other side's turn: a caller that reads slowly does not make the server
   * silent.
   */
  turn(awaiting: boolean): void {
    this.#heard += 1;
    this.#awaiting = awaiting;
  }

  end(): void {
    this.#over.abort();
  }
}
