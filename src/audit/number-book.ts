/**
 * The numbers of an isolate that sends records to the queue. The isolate is a producer, `iso:<random>`, and counts
 * per ledger, so that each ledger sees its numbers without a gap. Bounded plain data, for a global of the isolate.
 */
import type { LedgerName } from "../contract/audit.ts";
import { toHex } from "../kernel/bytes.ts";
import type { Random } from "../kernel/random.ts";

interface ProducerNumber {
  readonly producer: string;
  readonly n: number;
}

export class NumberBook {
  readonly #limit: number;
  readonly #last = new Map<LedgerName, number>();
  #producer: string | null = null;

  /** @param limit ledgers counted at a time. Beyond it the isolate continues as a new producer, so no count is lost. */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** The next number in this ledger. Randomness is used only here, because a Worker's global scope has none. */
  take(ledger: LedgerName, random: Random): ProducerNumber {
    if (this.#producer === null || (this.#last.size >= this.#limit && !this.#last.has(ledger))) {
      this.#producer = `iso:${toHex(random.bytes(16))}`;
      this.#last.clear();
    }
    const n = (this.#last.get(ledger) ?? 0) + 1;
    this.#last.set(ledger, n);
    return { producer: this.#producer, n };
  }
}
