/** Identity providers: the issuers whose ID tokens a workspace accepts, and the agents that may present them. */
import type { z } from "zod";
import {
  identityProvider,
  identityProviderList,
  identityProviderRemoved,
  identityProviderTest,
  type identityProviderCreate,
  type IdentityProviderRemoved,
  type IdentityProviderTest,
  type identityProviderTestRequest,
  type IdentityProviderView,
} from "../contract/identity-provider.ts";
import { ifMatch } from "./if-match.ts";
import { Listing } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

export class IdentityProviders {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  add(body: z.input<typeof identityProviderCreate>): Promise<IdentityProviderView> {
    return this.#transport.change("POST", "/api/v1/identity-providers", identityProvider, { body });
  }

  list(
    filter: { workspace?: string | undefined; limit?: number | undefined } = {},
  ): Listing<IdentityProviderView> {
    return new Listing(
      (cursor, size) =>
        this.#transport.read("/api/v1/identity-providers", identityProviderList, {
          ...filter,
          limit: size,
          cursor,
        }),
      filter.limit,
    );
  }

  show(name: string, workspace?: string): Promise<IdentityProviderView> {
    return this.#transport.read(route`/api/v1/identity-providers/${name}`, identityProvider, { workspace });
  }

  /**
   * Fetches the provider's documents now, without a cache; with a token, also shows what Dome would make of that token.
   * Nothing is stored.
   */
  test(
    name: string,
    body: z.input<typeof identityProviderTestRequest> = {},
    workspace?: string,
  ): Promise<IdentityProviderTest> {
    const options = { body, query: { workspace } };
    const path = route`/api/v1/identity-providers/${name}/test`;
    return this.#transport.change("POST", path, identityProviderTest, options);
  }

  /** @param readVersion the `version` to remove; if it has changed since: ConflictError (412). */
  remove(name: string, workspace?: string, readVersion?: number): Promise<IdentityProviderRemoved> {
    const options = { query: { workspace }, headers: ifMatch(readVersion) };
    const path = route`/api/v1/identity-providers/${name}`;
    return this.#transport.change("DELETE", path, identityProviderRemoved, options);
  }
}
