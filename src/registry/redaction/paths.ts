/**
 * Paths to members, followed from the outside in: JSON Pointers (RFC 6901) in which `*` stands for any one member or item,
 * and `**` for any number of them, including none.
 */
import { stepsOf } from "../../kernel/json-pointer.ts";
import type { Steps } from "../steps.ts";

/** Where in the paths a value stands. Empty: nothing in it is meant. */
export type Places = readonly number[];

const NOWHERE: Places = [];

export class Paths {
  /** The steps of all paths, one after the other, each path with `null` behind it. */
  readonly #steps: readonly (string | null)[];
  readonly start: Places;
  /** The last name in each path that is no index. Null: there is a path without one. */
  readonly names: ReadonlySet<string> | null;

  constructor(pointers: readonly string[]) {
    const paths = pointers.map(stepsOf);
    this.#steps = paths.flatMap((path) => [...path, null]);
    const begins = paths.map((_path, at) =>
      paths.slice(0, at).reduce((sum, each) => sum + each.length + 1, 0),
    );
    this.start = this.#all(begins);
    const names = paths.map((path) => path.findLast((step) => !/^(?:\*\*?|\d*)$/.test(step)));
    const named = names.filter((name) => name !== undefined);
    this.names = named.length === names.length ? new Set(named) : null;
  }

  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** Where paths begin in a text that stands at these places itself. */
  startAt(places: Places): Places {
    return places.length === 0 ? this.start : [...new Set([...this.start, ...places])];
  }

  /** The places of a member, or of an item by its index. */
  within(places: Places, name: string | number, steps: Steps): Places {
    if (places.length === 0) return NOWHERE;
    steps.spend(places.length);
    const step = String(name);
    const next: number[] = [];
    for (const place of places) {
      const wanted = this.#steps[place];
      if (wanted === "**") next.push(place);
      else if (wanted === "*" || wanted === step) next.push(place + 1);
    }
    return next.length === 0 ? NOWHERE : this.#all(next);
  }

  /** Whether the value at these places is one that is redacted. */
  isMeant(places: Places): boolean {
    return places.some((place) => this.#steps[place] === null);
  }

  /** With the places behind each `**`, which may stand for nothing. */
  #all(places: readonly number[]): Places {
    const all = new Set<number>();
    for (let place of places) {
      all.add(place);
      while (this.#steps[place] === "**") all.add((place += 1));
    }
    return [...all];
  }
}
