/**
 * The budget for checking the arguments of one call. It counts steps instead of time, so that it is the same on every
 * machine.
 */

/** These steps take about 0.2 s. */
export const MOST_STEPS = 4_000_000;

export class Steps {
  #left: number;
  readonly #most: number;

  constructor(most: number = MOST_STEPS) {
    this.#most = most;
    this.#left = most;
  }

  /** @returns false when the budget is exceeded; the caller then stops, and nothing matches. */
  spend(count: number): boolean {
    this.#left -= count;
    return this.#left >= 0;
  }

  get areSpent(): boolean {
    return this.#left < 0;
  }

  get spent(): number {
    return this.#most - this.#left;
  }
}
