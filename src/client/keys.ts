/** API keys of agents. */
import type { z } from "zod";
import {
  keyCreated,
  keyIdentified,
  keyList,
  keyRevoked,
  listedKeys,
  type ApiKey,
  type keyCreate,
  type KeyCreated,
  type KeyIdentified,
  type keyQuery,
  type KeyRevoked,
  type ListedApiKey,
} from "../contract/key.ts";
import type { AgentRef } from "./agents.ts";
import { Listing } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

type Known<T> = { readonly [K in keyof T]?: T[K] | undefined };
export type KeyFilter = Known<Omit<z.output<typeof keyQuery>, "cursor">>;

export class Keys {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The secret is in this answer only; a repeat of a lost one has `secret: null, secret_shown: true` (P12). */
  issue(ref: AgentRef, key: z.input<typeof keyCreate> = {}): Promise<KeyCreated> {
    const query = { workspace: ref.workspace };
    return this.#transport.change("POST", route`/api/v1/agents/${ref.agent}/keys`, keyCreated, {
      body: key,
      query,
    });
  }

  list(ref: AgentRef): Listing<ApiKey> {
    const query = { workspace: ref.workspace };
    return new Listing((cursor, size) =>
      this.#transport.read(route`/api/v1/agents/${ref.agent}/keys`, keyList, {
        ...query,
        limit: size,
        cursor,
      }),
    );
  }

  /** The keys of many agents, as the registry has them: `list` has the word of the agent itself. */
  ofAgents(filter: KeyFilter = {}): Listing<ListedApiKey> {
    return new Listing(
      (cursor, size) => this.#transport.read("/api/v1/keys", listedKeys, { ...filter, limit: size, cursor }),
      filter.limit,
    );
  }

  /** Whose this key is, and whether it is live; looking is no use of it. */
  identify(key: string): Promise<KeyIdentified> {
    return this.#transport.ask("/api/v1/keys/identify", keyIdentified, { api_key: key });
  }

  /** @param wait answer only once the halt of the key is effective. @param reason for the audit trail. */
  revoke(ref: AgentRef, key: string, reason?: string, wait?: "effective"): Promise<KeyRevoked> {
    const query = { workspace: ref.workspace, reason, wait };
    return this.#transport.change("DELETE", route`/api/v1/agents/${ref.agent}/keys/${key}`, keyRevoked, {
      query,
    });
  }
}
