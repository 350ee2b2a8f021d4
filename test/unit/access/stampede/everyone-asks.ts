/**
 * What the lease client would be without a rule about who asks: each request without a lease asks for itself, at once,
 * and drops an answer that comes too late. The load test must see that this does not recover.
 */
import {
  dueForRenewal,
  RENEWAL_TIMEOUT_MS,
  type Lease,
  type OrgAnswer,
} from "../../../../src/lifecycle/lease.ts";
import { LeaseBook } from "../../../../src/lifecycle/lease-book.ts";
import type { VirtualTime } from "./virtual-time.ts";

export class EveryoneAsks {
  readonly #book = new LeaseBook<OrgAnswer>(1);
  readonly #time: VirtualTime;
  readonly #ask: () => Promise<OrgAnswer>;
  #renewingSince = -Infinity;

  constructor(time: VirtualTime, ask: () => Promise<OrgAnswer>) {
    this.#time = time;
    this.#ask = ask;
  }

  async org(): Promise<boolean> {
    const now = this.#time.now();
    const lease = this.#book.get("org", now);
    if (lease === undefined) return this.#renew();
    if (dueForRenewal(lease, now) && now - this.#renewingSince > RENEWAL_TIMEOUT_MS) {
      this.#renewingSince = now;
      this.#renew().catch(() => undefined);
    }
    return true;
  }

  async #renew(): Promise<boolean> {
    const asking = this.#book.asking(this.#time.now());
    const answer = await Promise.race([
      this.#ask().catch(() => undefined),
      this.#time.sleep(RENEWAL_TIMEOUT_MS).then(() => undefined),
    ]);
    this.#renewingSince = -Infinity;
    if (answer === undefined) return false;
    const lease: Lease<OrgAnswer> = { answer, ...asking };
    this.#book.put("org", lease);
    return true;
  }
}
