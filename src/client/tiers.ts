/** Tiers: trust levels, their limits and defaults. */
import {
  tier,
  tierList,
  tierRemoved,
  type Tier,
  type TierCreate,
  type TierPatch,
  type TierRemoved,
} from "../contract/tier.ts";
import { ifMatch } from "./if-match.ts";
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

  /** What is not given is as in the tier `like`, which is `standard` unless it is named. */
  add(body: Omit<TierCreate, "like"> & { readonly like?: string }): Promise<Tier> {
    return this.#transport.change("POST", "/api/v1/tiers", tier, { body });
  }

  /** @param readVersion the `version` on which the change is based; if it has changed since: ConflictError (412). */
  update(name: string, body: TierPatch, readVersion?: number): Promise<Tier> {
    const options = { body, headers: ifMatch(readVersion) };
    return this.#transport.change("PATCH", route`/api/v1/tiers/${name}`, tier, options);
  }

  /** Refused while agents are in the tier. */
  remove(name: string, readVersion?: number): Promise<TierRemoved> {
    const options = { headers: ifMatch(readVersion) };
    return this.#transport.change("DELETE", route`/api/v1/tiers/${name}`, tierRemoved, options);
  }
}
