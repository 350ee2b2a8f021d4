/**
 * How many calls each agent has made in the present minute, in this isolate. Plain data with a bound: of an agent that has
 * called least recently nothing is known any more, and its minute begins again.
 */
import { BoundedMap } from "../kernel/bounded-map.ts";

/** The time that is counted, in milliseconds. It begins with a call. */
const PERIOD_MS = 60_000;

interface Minute {
  /** In milliseconds since the epoch. */
  readonly since: number;
  readonly calls: number;
  readonly isNoted: boolean;
}

/** A call that is one too many. */
interface TooMany {
  /** When the next call may be made. */
  readonly afterMs: number;
  /** It is the first one in this minute, which is worth a record. */
  readonly isFirst: boolean;
}

export class RateBook {
  readonly #agents: BoundedMap<string, Minute>;

  /** @param limit the most agents. */
  constructor(limit: number) {
    this.#agents = new BoundedMap(limit);
  }

  /**
   * Counts a call, unless it is one too many.
   * @param most calls in a minute; null: no bound, and nothing is counted.
   * @param now in milliseconds since the epoch; a clock that was set back begins a new minute.
   * @returns null: it was counted.
   */
  call(agent: string, most: number | null, now: number): TooMany | null {
    if (most === null) return null;
    const known = this.#agents.get(agent);
    const isOver = known === undefined || now < known.since || now - known.since >= PERIOD_MS;
    const minute = isOver ? { since: now, calls: 0, isNoted: false } : known;
    if (minute.calls < most) {
      this.#agents.set(agent, { ...minute, calls: minute.calls + 1 });
      return null;
    }
    this.#agents.set(agent, { ...minute, isNoted: true });
    return { afterMs: minute.since + PERIOD_MS - now, isFirst: !minute.isNoted };
  }
}
