/**
 * A database that breaks in the ways a remote one does. Reads and writes outside of a batch work or fail with it; what
 * happens to a batch is told beforehand, one entry per batch.
 */
import { watchedDatabase } from "./observed-bindings.ts";

export type Fate =
  /** Lands and says so. */
  | "lands"
  /** Does not land, and says so. */
  | "fails"
  /** Lands, and reports a failure: the answer was lost. */
  | "lands_but_fails"
  /** Lands, and never answers. */
  | "lands_silently"
  /** Never lands, never answers. */
  | "vanishes"
  /** On its way until `release` is called: a late batch. */
  | "held";

const LOST = "D1_ERROR: Network connection lost.";
const never = (): Promise<never> => new Promise<never>(() => undefined);

export class FaultyDatabase {
  readonly database: D1Database;
  readonly #fates: Fate[] = [];
  #away = false;
  #batches = 0;
  #releases: (() => Promise<string>)[] = [];

  constructor(real: D1Database) {
    const watched = watchedDatabase(real, () => {
      if (this.#away) throw new Error(LOST);
    });
    this.database = new Proxy(watched, {
      get: (whole, member) => {
        if (member === "prepare") return (query: string) => whole.prepare(query);
        if (member !== "batch") return Reflect.get(whole, member, whole) as unknown;
        return (statements: D1PreparedStatement[]) => this.#batch(() => whole.batch(statements));
      },
    });
  }

  /** How many batches have been asked for. */
  get batches(): number {
    return this.#batches;
  }

  /** The fates of the next batches; after them batches land. */
  next(...fates: readonly Fate[]): this {
    this.#fates.push(...fates);
    return this;
  }

  /** While the database is away everything fails. */
  away(away: boolean): void {
    this.#away = away;
  }

  /** Lets the batches that were held go on now. @returns `landed`, or why not, of each. */
  release(): Promise<string[]> {
    const held = this.#releases;
    this.#releases = [];
    return Promise.all(held.map((run) => run()));
  }

  async #batch(run: () => Promise<D1Result[]>): Promise<D1Result[]> {
    this.#batches += 1;
    const fate = this.#fates.shift() ?? "lands";
    switch (fate) {
      case "lands":
        return run();
      case "fails":
        throw new Error(LOST);
      case "lands_but_fails":
        await run();
        throw new Error(LOST);
      case "lands_silently":
        await run();
        return never();
      case "vanishes":
        return never();
      case "held":
        return new Promise<D1Result[]>((resolve) => {
          this.#releases.push(async () => {
            try {
              resolve(await run());
              return "landed";
            } catch (fault) {
              return String(fault);
            }
          });
        });
    }
  }
}
