/**
 * Decides which of an isolate's requests asks an object: one at a time per id. So many requests that need the same
 * answer cost the object one request, and an object in trouble is asked less and less often.
 *
 * A request in flight is marked by a time and a number, never by a promise: on Workers a promise belongs to the
 * request that made it and ends with it. A mark older than `RENEWAL_TIMEOUT_MS` counts as failed, whether its
 * request has ended or the object is slow. A late answer is still used, because a lease counts from the sending.
 */
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Random } from "../kernel/random.ts";
import { RENEWAL_TIMEOUT_MS, type Asking } from "./lease.ts";

/** The longest pause after a first failure; it doubles after each further failure. */
const FIRST_PAUSE_MS = 100;
/** The longest pause of all. */
export const MOST_PAUSE_MS = 2_000;
/** An object that reports overload counts as if it had failed this many times. */
const OVERLOADED_COUNTS = 4;
/** How long a request that waits for another's answer pauses between looks, in milliseconds; the last value repeats. */
const LOOKS_MS = [1, 2, 4, 8, 16] as const;

/** The pause of a waiting request after its `round`th look (0, 1, …), in milliseconds. */
export const lookAgainMs = (round: number): number => LOOKS_MS[round] ?? 16;

/** The random share of a pause, in [0.5, 1). */
export const jitterOf = (random: Random): number => 0.5 + (random.bytes(1)[0] ?? 0) / 512;

interface Asked {
  readonly asking: Asking;
  /** When the request failed for certain; null: it is in flight, or has ended unnoticed. */
  readonly failedAt: number | null;
  /** Failures in a row. The current request counts only once it has failed. */
  readonly failures: number;
  /**
   * The random share of the pause after a failure, in [0.5, 1), so that isolates that failed together return one by
   * one.
   */
  readonly jitter: number;
}

/** The next step of a request that needs an answer. */
type Turn =
  | { readonly do: "ask" }
  /** Another request is asking: look again. */
  | { readonly do: "look" }
  /** No request may ask for this long. */
  | { readonly do: "pause"; readonly ms: number };

export class AskBook {
  readonly #asked: BoundedMap<string, Asked>;

  /** @param limit the most ids remembered. A forgotten id costs one request more than necessary. */
  constructor(limit: number) {
    this.#asked = new BoundedMap(limit);
  }

  /** @param now the isolate's clock in milliseconds. After a step back the book is empty, and every request may ask. */
  turn(id: string, now: number): Turn {
    const asked = this.#asked.get(id);
    if (asked === undefined || asked.asking.askedAt > now) return { do: "ask" };
    const failedAt = asked.failedAt ?? asked.asking.askedAt + RENEWAL_TIMEOUT_MS;
    if (now < failedAt) return { do: "look" };
    const ms = failedAt + pauseMs(asked.failures + 1) * asked.jitter - now;
    return ms > 0 ? { do: "pause", ms } : { do: "ask" };
  }

  /** @param jitter a new random number in [0.5, 1). */
  begun(id: string, asking: Asking, jitter: number): void {
    const before = this.#asked.get(id);
    const failures = before === undefined ? 0 : before.failures + 1;
    this.#asked.set(id, { asking, failedAt: null, failures, jitter });
  }

  /** Records an answer. A late answer clears no failure: the object is slow, and others may be asking meanwhile. */
  answered(id: string, asking: Asking, now: number): void {
    const isLate = now >= asking.askedAt + RENEWAL_TIMEOUT_MS;
    if (this.#asked.get(id)?.asking === asking && !isLate) this.#asked.delete(id);
  }

  /** @param overloaded the object itself reported overload. */
  failed(id: string, asking: Asking, now: number, overloaded: boolean): void {
    const asked = this.#asked.get(id);
    if (asked?.asking !== asking) return;
    const more = overloaded ? OVERLOADED_COUNTS - 1 : 0;
    this.#asked.set(id, { ...asked, failedAt: now, failures: asked.failures + more });
  }
}

const pauseMs = (failures: number): number =>
  Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
