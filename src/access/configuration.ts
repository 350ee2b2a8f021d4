/**
 * Configuration as decisions read it, cached by the version that a lease vouches for.
 *
 * The lease is taken *before* D1 is read. A change raises the version only after its batch has landed, so what was
 * read under version v is at least v; a later version makes the tag differ and the cache miss. D1 is read at the
 * primary: a replica may lag without bound.
 */
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { IdentityProvider, IdpId } from "../identity/provider.ts";
import { loadProviders } from "../identity/provider-reads.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import { findAgentById, type RegisteredAgent } from "../registry/agents.ts";
import { loadCatalog, type Catalog } from "../registry/catalog.ts";
import type { Database } from "../storage/client.ts";

interface Tagged<T> {
  readonly version: number;
  readonly value: T;
}

/** Globals of an isolate: plain data, bounded. */
export interface ConfigurationCache {
  readonly agents: BoundedMap<string, Tagged<RegisteredAgent>>;
  readonly catalogs: BoundedMap<string, Tagged<Catalog>>;
  readonly providers: BoundedMap<string, Tagged<ReadonlyMap<IdpId, IdentityProvider>>>;
}

export const newConfigurationCache = (): ConfigurationCache => ({
  agents: new BoundedMap(10_000),
  catalogs: new BoundedMap(1_000),
  providers: new BoundedMap(1_000),
});

export class ConfigurationReader {
  readonly #db: Database;
  readonly #cache: ConfigurationCache;

  constructor(db: Database, cache: ConfigurationCache) {
    this.#db = db;
    this.#cache = cache;
  }

  /**
   * An agent that the registry knows to be revoked is absent, whatever its object says: an object restored to a moment
   * before the revocation must not bring it back (P5).
   * @param recordVersion from a lease of this agent, taken before this call.
   */
  async agent(id: AgentId, recordVersion: number): Promise<RegisteredAgent | undefined> {
    const agent = await this.#read(this.#cache.agents, id, recordVersion, () => findAgentById(this.#db, id));
    return agent === undefined || agent.revokedAt !== null ? undefined : agent;
  }

  /** @param configEpoch from a lease of this workspace, taken before this call. */
  async catalog(id: WorkspaceId, configEpoch: number): Promise<Catalog> {
    const catalog = await this.#read(this.#cache.catalogs, id, configEpoch, () => loadCatalog(this.#db, id));
    if (catalog === undefined) throw new Error("a catalog is never absent");
    return catalog;
  }

  /**
   * The identity providers that a workspace trusts.
   * @param configEpoch from a lease of this workspace, taken before this call.
   */
  async providers(id: WorkspaceId, configEpoch: number): Promise<ReadonlyMap<IdpId, IdentityProvider>> {
    const load = () => loadProviders(this.#db, id);
    return (await this.#read(this.#cache.providers, id, configEpoch, load)) ?? new Map();
  }

  async #read<T>(
    cache: BoundedMap<string, Tagged<T>>,
    id: string,
    version: number,
    load: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const cached = cache.get(id);
    if (cached?.version === version) return cached.value;
    const value = await load();
    if (value !== undefined) cache.set(id, { version, value });
    return value;
  }
}
