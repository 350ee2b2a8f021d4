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

  /**
   * Issues a key. Only this answer holds the secret; when it is lost, a repeat has `secret: null, secret_shown: true`
   * (P12).
   */
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

  /** The keys of many agents, from the registry; `list` asks the agent's object itself. */
  ofAgents(filter: KeyFilter = {}): Listing<ListedApiKey> {
    return new Listing(
      (cursor, size) => this.#transport.read("/api/v1/keys", listedKeys, { ...filter, limit: size, cursor }),
      filter.limit,
    );
  }

  /** The agent of a key, and whether the key is live. This does not count as a use of the key. */
  identify(key: string): Promise<KeyIdentified> {
    return this.#transport.ask("/api/v1/keys/identify", keyIdentified, { api_key: key });
  }

  /**
   * @param reason for the ledger.
   * @param wait `effective`: the answer comes when the halt of the key is effective.
   */
  revoke(ref: AgentRef, key: string, reason?: string, wait?: "effective"): Promise<KeyRevoked> {
    const query = { workspace: ref.workspace, reason, wait };
    return this.#transport.change("DELETE", route`/api/v1/agents/${ref.agent}/keys/${key}`, keyRevoked, {
      query,
    });
  }
}
