/** What checking one call's arguments may take, counted and not timed, so that it is the same on every machine. */

/** About a fifth of a second. */
export const MOST_STEPS = 4_000_000;

export class Steps {
  #left: number;
  readonly #most: number;

  constructor(most: number = MOST_STEPS) {
    this.#most = most;
    this.#left = most;
  }

  /** @returns false once more has been spent than there was; whoever sees that stops, and nothing matches. */
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
