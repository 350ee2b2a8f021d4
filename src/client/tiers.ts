/** Tiers: trust levels, their limits and defaults. */
import { tier, tierList, type Tier } from "../contract/tier.ts";
import { Listing } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

export class Tiers {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  list(): Listing<Tier> {
    return new Listing((cursor, size) =>
      this.#transport.read("/api/v1/tiers", tierList, { limit: size, cursor }),
    );
  }

  show(name: string): Promise<Tier> {
    return this.#transport.read(route`/api/v1/tiers/${name}`, tier);
  }
}
