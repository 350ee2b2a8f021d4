/**
 * Lets one caller run at a time, in the order of arrival. A turn passes directly to the next caller, so that a later one
 * cannot overtake. The queue is in memory: after a restart of the object the waiting callers are gone, and have done nothing.
 */
import { inTime, type Timers } from "../kernel/clock.ts";

interface TurnBounds {
  /** The greatest number of waiting callers. A further one is refused at once. */
  readonly most: number;
  /** The longest wait, in milliseconds. */
  readonly mostMs: number;
}

export class Turns {
  readonly #timers: Timers;
  readonly #bounds: TurnBounds;
  readonly #waiting: ((has: true) => void)[] = [];
  #taken = false;

  constructor(timers: Timers, bounds: TurnBounds) {
    this.#timers = timers;
    this.#bounds = bounds;
  }

  /** @returns true when the turn is taken, and `pass` must follow. False: the queue is full, or the wait was too long. */
  async take(): Promise<boolean> {
    const { most, mostMs } = this.#bounds;
    if (!this.#taken) {
      this.#taken = true;
      return true;
    }
    if (this.#waiting.length >= most) return false;
    const turn = Promise.withResolvers<true>();
    this.#waiting.push(turn.resolve);
    const has = await inTime(this.#timers, mostMs, turn.promise, false);
    return has || !this.#leave(turn.resolve);
  }

  /** Ends a turn. */
  pass(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken = false;
    else next(true);
  }

  /** @returns false when the caller no longer waits, because it has its turn. */
  #leave(waiting: (has: true) => void): boolean {
    const place = this.#waiting.indexOf(waiting);
    if (place !== -1) this.#waiting.splice(place, 1);
    return place !== -1;
  }
}
