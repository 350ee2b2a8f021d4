/**
 * The sets of policies that the engine has read. It keeps each under a name and can forget none, so there is a fixed number of
 * names: the one that was used least recently is overwritten. Reading a set costs several times what deciding on it does.
 */
import type { Cedar } from "./cedar.ts";

/** All engines of an isolate share the names, so each begins its own with a number of its own. */
let engines = 0;

/** A set that the engine has read. */
export interface KeptSet {
  /** What Cedar knows it by, until another set gets the name. */
  readonly name: string;
  /** No other set of this engine has the number, nor has the same set when it is read again. */
  readonly reading: number;
}

export class PolicySets {
  hits = 0;
  misses = 0;
  readonly #cedar: Cedar;
  /** Names of sets that hold nothing that is looked for. */
  readonly #free: string[];
  /** By what is in them; the least recently used first. */
  readonly #kept = new Map<string, KeptSet>();

  /** @param most the number of names. A set of 20 policies takes about 45 KB. */
  constructor(cedar: Cedar, most: number) {
    engines += 1;
    this.#cedar = cedar;
    this.#free = Array.from({ length: most }, (_, index) => `${engines}-${index}`);
  }

  /**
   * @param key says which policies the set has, and nothing else has this key.
   * @param policies their texts by id; asked for when they have to be read.
   * @returns the set, or what kept it from being read.
   */
  named(key: string, policies: () => Readonly<Record<string, string>>): KeptSet | { readonly fault: string } {
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.hits += 1;
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known;
    }
    this.misses += 1;
    const name = this.#freeName();
    const kept = this.#cedar.keep(name, policies());
    if (kept.type === "failure") {
      this.#free.push(name); // it would otherwise be given twice
      return { fault: kept.errors[0]?.message ?? "the policies cannot be read" };
    }
    const set = { name, reading: this.misses };
    this.#kept.set(key, set);
    return set;
  }

  #freeName(): string {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    for (const [key, { name }] of this.#kept) {
      this.#kept.delete(key);
      return name;
    }
    throw new Error("an engine keeps at least one set");
  }
}
