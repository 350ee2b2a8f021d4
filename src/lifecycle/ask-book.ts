/**
 * Who of an isolate's requests asks an object: one at a time per id, so that many who need the same answer cost the
 * object one request, and an object in trouble is asked less and less often.
 *
 * The mark of an ask in flight is a time and a number, never a promise: on Workers a promise belongs to the request
 * that made it and dies with it. A mark that is older than `RENEWAL_TIMEOUT_MS` is taken for failed, whether its
 * request has died or the object is slow; its answer is still welcome, because a lease counts from the asking.
 */
import { BoundedMap } from "../kernel/bounded-map.ts";
import { RENEWAL_TIMEOUT_MS, type Asking } from "./lease.ts";

/** The longest pause after a first failure; each further one doubles it. */
const FIRST_PAUSE_MS = 100;
/** The longest pause of all. */
export const MOST_PAUSE_MS = 2_000;
/** An object that says it is overloaded counts as if it had failed so often. */
const OVERLOADED_COUNTS = 4;
/** How long those who wait for another's answer look away between two looks, in milliseconds; the last goes on. */
const LOOKS_MS = [1, 2, 4, 8, 16] as const;

/** The pause of who waits for an answer after its `round`th look (0, 1, …), in milliseconds. */
export const lookAgainMs = (round: number): number => LOOKS_MS[round] ?? 16;

interface Asked {
  readonly asking: Asking;
  /** When it failed for certain; null: it is in flight, or has died unnoticed. */
  readonly failedAt: number | null;
  /** Failures in a row, this one not counted before it is one. */
  readonly failures: number;
  /** Its share of the pause if it fails, in [0.5, 1): isolates that failed together come back one by one. */
  readonly jitter: number;
}

/** What somebody who needs an answer does now. */
type Turn =
  | { readonly do: "ask" }
  /** Another asks: look again. */
  | { readonly do: "look" }
  /** Nobody may ask for so long. */
  | { readonly do: "pause"; readonly ms: number };

export class AskBook {
  readonly #asked: BoundedMap<string, Asked>;

  /** @param limit the most ids remembered. One that is forgotten is asked for once more than necessary. */
  constructor(limit: number) {
    this.#asked = new BoundedMap(limit);
  }

  /** @param now the isolate's clock in milliseconds. After a step back nothing is known, and everybody may ask. */
  turn(id: string, now: number): Turn {
    const asked = this.#asked.get(id);
    if (asked === undefined || asked.asking.askedAt > now) return { do: "ask" };
    const failedAt = asked.failedAt ?? asked.asking.askedAt + RENEWAL_TIMEOUT_MS;
    if (now < failedAt) return { do: "look" };
    const ms = failedAt + pauseMs(asked.failures + 1) * asked.jitter - now;
    return ms > 0 ? { do: "pause", ms } : { do: "ask" };
  }

  /** @param jitter drawn anew, in [0.5, 1). */
  begun(id: string, asking: Asking, jitter: number): void {
    const before = this.#asked.get(id);
    const failures = before === undefined ? 0 : before.failures + 1;
    this.#asked.set(id, { asking, failedAt: null, failures, jitter });
  }

  /** An answer is there. A late one takes nothing back: the object is slow, and others may be asking meanwhile. */
  answered(id: string, asking: Asking, now: number): void {
    const isLate = now >= asking.askedAt + RENEWAL_TIMEOUT_MS;
    if (this.#asked.get(id)?.asking === asking && !isLate) this.#asked.delete(id);
  }

  /** @param overloaded the object said so itself. */
  failed(id: string, asking: Asking, now: number, overloaded: boolean): void {
    const asked = this.#asked.get(id);
    if (asked?.asking !== asking) return;
    const more = overloaded ? OVERLOADED_COUNTS - 1 : 0;
    this.#asked.set(id, { ...asked, failedAt: now, failures: asked.failures + more });
  }
}

const pauseMs = (failures: number): number =>
  Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
