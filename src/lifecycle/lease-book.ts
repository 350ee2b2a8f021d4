/**
 * The leases of one isolate, least recently used first: plain data, so that it may live in a global.
 *
 * When its clock is seen to step back it drops all of them and begins a new era: how far the step went is not known,
 * and a lease measured across it could outlive a stop. That is as true of a lease whose answer is still on its way,
 * so an answer is kept only in the era in which it was asked for:
 *
 *     const asking = book.asking(clock.now());
 *     const answer = await object.lease();
 *     book.put(id, { answer, ...asking });
 *     // … and at the check, whatever was put before:
 *     const lease = book.get(id, clock.now());
 *
 * Asks are numbered: of two answers the one that was asked for later stays, whichever arrives first.
 */
import { AskBook } from "./ask-book.ts";
import { isCurrent, REFUSAL_KEEP_MS, type Asking, type Expiring, type Lease } from "./lease.ts";

/** `lease` undefined: it was dropped, and answers to asks up to `order` are too old. */
interface Entry<A> {
  readonly order: number;
  readonly lease: Lease<A> | undefined;
}

/**
 * Which answers will do.
 * - `current`: any lease that holds.
 * - `recent`: one that was asked for within `REFUSAL_KEEP_MS`. For a lease that says no: it may not have heard of a start.
 * - `fresh`: only one that was asked for after the call began. It may have been asked for by another call.
 */
export type Wanted = "current" | "recent" | "fresh";

export class LeaseBook<A extends Expiring> {
  /** Who asks, and when: one ask in flight per id. */
  readonly asks: AskBook;
  readonly #entries = new Map<string, Entry<A>>();
  readonly #limit: number;
  #lastSeen = -Infinity;
  #era = 0;
  #order = 0;

  /** @param limit the most leases kept; beyond it the least recently used one goes. */
  constructor(limit = 10_000) {
    this.#limit = limit;
    this.asks = new AskBook(limit);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many asks have begun. An answer to a later one was asked for after this moment. */
  get order(): number {
    return this.#order;
  }

  /** To be taken before an object is asked, and put back with its answer. */
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
   * An answer that will do for a call that began when `order` asks had begun. One that was asked for since then always
   * does, also if it is not to be used any more, or never was: that of an agent that expires this instant, for instance.
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
   * Keeps a lease of this era, unless one that was asked for later is there: answers may overtake each other.
   * A lease without an era counts as one of the first, before any step was seen.
   */
  put(id: string, lease: Lease<A>): void {
    if ((lease.era ?? 0) !== this.#era) return;
    this.#see(Math.max(this.#lastSeen, lease.askedAt)); // the clock has been there: going below is a step back
    const order = lease.order ?? this.#order;
    const kept = this.#entries.get(id);
    if (kept !== undefined && (kept.order > order || (kept.lease?.askedAt ?? 0) > lease.askedAt)) return;
    this.#keep(id, { order, lease });
  }

  /** Forgets what is known of `id`, also what is on its way: a change was made, and older answers do not show it. */
  drop(id: string): void {
    this.#order += 1;
    this.#keep(id, { order: this.#order, lease: undefined });
  }

  #keep(id: string, entry: Entry<A>): void {
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
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
