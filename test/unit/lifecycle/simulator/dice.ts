/** Pseudo-randomness from a seed: the same seed gives the same run on every machine. */
export class Dice {
  #state: number;

  /** @param seed any whole number. */
  constructor(seed: number) {
    // Neighbouring seeds must not give neighbouring runs; xorshift cannot leave zero.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) || 1;
    for (let turn = 0; turn < 8; turn += 1) this.chance(0.5);
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return low + ((this.#state >>> 0) / 0x1_0000_0000) * (high - low);
  }

  /** A whole number in [low, high]. */
  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  chance(probability: number): boolean {
    return this.between(0, 1) < probability;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const picked = list[this.whole(0, list.length - 1)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  }
}
