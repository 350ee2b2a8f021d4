/**
 * The leases of one isolate, least recently used first: plain data, so that it may live in a global.
 *
 * When the clock steps back, the book drops all leases and begins a new era: the size of the step is unknown, and a
 * lease measured across it could outlive a stop. The same is true of a lease whose answer is still in flight. So an
 * answer is kept only in the era in which it was requested:
 *
 *     const asking = book.asking(clock.now());
 *     const answer = await object.lease();
 *     book.put(id, { answer, ...asking });
 *     // … and at the check, whatever was put before:
 *     const lease = book.get(id, clock.now());
 *
 * Requests are numbered. Of two answers, the one requested later stays, whichever arrives first. This holds for leases
 * that the book had no room for, too: an answer to a request from before one of those is not kept.
 */
import { AskBook } from "./ask-book.ts";
import { isCurrent, REFUSAL_KEEP_MS, type Asking, type Expiring, type Lease } from "./lease.ts";

/** `lease` undefined: it was dropped, and answers to requests up to `order` are too old. */
interface Entry<A> {
  readonly order: number;
  readonly lease: Lease<A> | undefined;
}

/**
 * Which answers are sufficient.
 * - `current`: any lease that has not expired.
 * - `recent`: one that was requested within `REFUSAL_KEEP_MS`. For a lease that refuses: it may be older than a start.
 * - `fresh`: only one that was requested after the call began. Another call may have requested it.
 */
export type Wanted = "current" | "recent" | "fresh";

export class LeaseBook<A extends Expiring> {
  /** Which request asks, and when: one request in flight per id. */
  readonly asks: AskBook;
  readonly #entries = new Map<string, Entry<A>>();
  readonly #limit: number;
  #lastSeen = -Infinity;
  #era = 0;
  #order = 0;
  /** The latest request whose answer was dropped for want of room. */
  #forgotten = 0;

  /** @param limit the most leases kept; beyond it the least recently used one is dropped. */
  constructor(limit = 10_000) {
    this.#limit = limit;
    this.asks = new AskBook(limit);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The number of requests begun. An answer to a later request was requested after this moment. */
  get order(): number {
    return this.#order;
  }

  /** Take it before asking an object, and return it with the answer. */
  asking(now: number): Asking {
    this.#see(now);
    this.#order += 1;
    return { askedAt: now, era: this.#era, order: this.#order };
  }

  /** The current lease for `id`, if there is one. */
  get(id: string, now: number): Lease<A> | undefined {
    this.#see(now);
    const entry = this.#entries.get(id);
    if (entry?.lease === undefined || !isCurrent(entry.lease, now)) return undefined;
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    return entry.lease;
  }

  /**
   * A sufficient answer for a call that began when `order` requests had begun. An answer requested since then is
   * always sufficient, even when it is no longer or never usable, for instance that of an agent that expires now.
   * The check at the end, by `get`, is what admits.
   */
  find(id: string, wanted: Wanted, order: number, now: number): Lease<A> | undefined {
    const lease = this.get(id, now);
    const entry = this.#entries.get(id);
    if (entry !== undefined && entry.order > order && entry.lease !== undefined) return entry.lease;
    if (wanted === "fresh" || lease === undefined) return undefined;
    return wanted === "current" || now - lease.askedAt < REFUSAL_KEEP_MS ? lease : undefined;
  }

  /**
   * Keeps a lease of this era, unless one that was requested later is there: answers may overtake each other. A
   * lease without an era belongs to the first era, before any step.
   */
  put(id: string, lease: Lease<A>): void {
    if ((lease.era ?? 0) !== this.#era) return;
    this.#see(Math.max(this.#lastSeen, lease.askedAt)); // the clock has been there: going below is a step back
    const order = lease.order ?? this.#order;
    const kept = this.#entries.get(id);
    if (kept === undefined && (lease.order ?? Infinity) <= this.#forgotten) return;
    if (kept !== undefined && (kept.order > order || (kept.lease?.askedAt ?? 0) > lease.askedAt)) return;
    this.#keep(id, { order, lease });
  }

  /** Forgets the lease of `id` and any answer in flight: a change was made, and older answers do not show it. */
  drop(id: string): void {
    this.#order += 1;
    this.#keep(id, { order: this.#order, lease: undefined });
  }

  #keep(id: string, entry: Entry<A>): void {
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    if (this.#entries.size <= this.#limit) return;
    for (const [oldest, { order }] of this.#entries) {
      this.#entries.delete(oldest);
      this.#forgotten = Math.max(this.#forgotten, order);
      return;
    }
  }

  #see(now: number): void {
    if (now < this.#lastSeen) {
      this.#entries.clear();
      this.#era += 1;
    }
    this.#lastSeen = now;
  }
}
