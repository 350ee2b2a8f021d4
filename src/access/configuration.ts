/**
 * The configuration that decisions read, cached by the version in a lease.
 *
 * The lease is taken *before* D1 is read. A change raises the version only after its batch has committed, so data
 * read under version v is at least as new as v. A later version changes the tag, so the cached entry no longer
 * matches. Dome reads the D1 primary, because a replica may lag without bound.
 */
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";
import { AskBook, jitterOf, lookAgainMs } from "../lifecycle/ask-book.ts";
import type { IdentityProvider, IdpId } from "../identity/provider.ts";
import { providersReading } from "../identity/provider-reads.ts";
import type { AgentId, Id, WorkspaceId } from "../kernel/ids.ts";
import { agentReading, type RegisteredAgent } from "../registry/agents.ts";
import { catalogReading, type Catalog } from "../registry/catalog.ts";
import { definitionsReading, type PinnedDefinition } from "../registry/tool-operations.ts";
import { TierBook } from "../tiers/tier-book.ts";
import { tiersReading } from "../tiers/tier-reads.ts";
import type { Database } from "../storage/client.ts";
import { readTogether, type Reading } from "../storage/read.ts";
import { bundlesOf, heldBundle, shadowOf, type HeldBundle } from "../policy/active-bundle.ts";
import { bundleReading, organizationBundlesReading } from "../policy/bundle-reads.ts";
import type { Bundles } from "../policy/engine.ts";

interface Tagged<T> {
  readonly version: number;
  readonly value: T;
}

/** Globals of an isolate: plain data, bounded. */
export interface ConfigurationCache {
  readonly agents: BoundedMap<string, Tagged<RegisteredAgent>>;
  readonly catalogs: BoundedMap<string, Tagged<Catalog>>;
  readonly providers: BoundedMap<string, Tagged<ReadonlyMap<IdpId, IdentityProvider>>>;
  /** By tool. Only lists need them, so they are not part of a catalog; those of a large server are not kept. */
  readonly definitions: BoundedMap<string, Tagged<readonly PinnedDefinition[]>>;
  readonly tiers: TierBook;
  /** The policies of workspaces and of agents, by id. */
  readonly bundles: BoundedMap<string, Tagged<HeldBundle>>;
  /** The policies of the organization and of tiers, by the id of the bundle; under `org`. */
  readonly organization: BoundedMap<string, Tagged<ReadonlyMap<string, HeldBundle>>>;
  /** Who reads what many lack at once. */
  readonly asks: AskBook;
}

/** The largest definitions of a tool that are kept, in characters. */
const MOST_KEPT = 262_144;

export const newConfigurationCache = (): ConfigurationCache => ({
  agents: new BoundedMap(10_000),
  catalogs: new BoundedMap(1_000),
  providers: new BoundedMap(1_000),
  definitions: new BoundedMap(100),
  tiers: new TierBook(),
  bundles: new BoundedMap(10_000),
  organization: new BoundedMap(1),
  asks: new AskBook(10_000),
});

/** What to read, each with the version from a lease taken before. */
interface ConfigurationWanted {
  readonly workspace: WorkspaceId;
  /** From a lease of the workspace. */
  readonly configEpoch: number;
  /** From a lease of `org`. */
  readonly orgEpoch: number;
  readonly agents: readonly {
    readonly id: AgentId;
    /** From a lease of the agent. */
    readonly recordVersion: number;
  }[];
}

export interface Turns {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly until: AbortSignal;
}

type PoliciesWanted = Pick<ConfigurationWanted, "workspace" | "configEpoch" | "orgEpoch"> & {
  readonly agents: readonly { readonly id: AgentId; readonly tier: string }[];
};

/** The policies that decide, and those that would if the versions in shadow were in force; null: there are no such versions. */
interface HeldPolicies {
  readonly bundles: Bundles;
  readonly shadow: Bundles | null;
}

export class ConfigurationReader {
  readonly #db: Database;
  readonly #cache: ConfigurationCache;
  readonly #testIssuer: string | null;

  /** @param testIssuer the issuer of the test users that this server offers; null when it offers none. */
  constructor(db: Database, cache: ConfigurationCache, testIssuer: string | null) {
    this.#db = db;
    this.#cache = cache;
    this.#testIssuer = testIssuer;
  }

  /**
   * Reads in one round trip all that decisions on these agents need and this isolate does not have. Later reads
   * under the same versions come from the cache.
   */
  async load(wanted: ConfigurationWanted): Promise<void> {
    const lacking = this.#lacking(wanted);
    if (lacking.length > 0) await readTogether(this.#db, lacking);
  }

  /**
   * As `load`, for many at once after a change: of those that lack the same, one reads, and the others look whether it
   * has. A read that fails is made again by another one of them, after a pause.
   * @param until ends it.
   */
  async loadInTurn(wanted: ConfigurationWanted, { clock, timers, random, until }: Turns): Promise<void> {
    const { asks } = this.#cache;
    const id = JSON.stringify(wanted);
    for (let round = 0; !until.aborted && this.#lacking(wanted).length > 0; round += 1) {
      const turn = asks.turn(id, clock.now());
      if (turn.do !== "ask") {
        await timers.sleep(turn.do === "pause" ? turn.ms : lookAgainMs(round), until);
        continue;
      }
      const asking = { askedAt: clock.now() };
      asks.begun(id, asking, jitterOf(random));
      try {
        await this.load(wanted);
        return asks.answered(id, asking, clock.now());
      } catch (fault) {
        asks.failed(id, asking, clock.now(), false);
        throw fault;
      }
    }
  }

  #lacking({ workspace, configEpoch, orgEpoch, agents }: ConfigurationWanted): readonly Reading<void>[] {
    const { agents: records, catalogs, providers, tiers, bundles, organization } = this.#cache;
    return [
      ...agents.map(({ id, recordVersion }) =>
        missing(records, id, recordVersion, () => agentReading(this.#db, id)),
      ),
      missing(catalogs, workspace, configEpoch, () => catalogReading(this.#db, workspace)),
      missing(providers, workspace, configEpoch, () =>
        providersReading(this.#db, workspace, this.#testIssuer),
      ),
      tiers.isAsOf(orgEpoch) ? undefined : this.#tiersUnder(orgEpoch),
      missing(organization, "org", orgEpoch, () => this.#organization()),
      ...[workspace, ...agents.map(({ id }) => id)].map((id) =>
        missing(bundles, id, configEpoch, () => this.#bundle(id)),
      ),
    ].filter((reading) => reading !== undefined);
  }

  /**
   * An agent that the registry has as revoked is treated as absent, whatever its object says. An object restored to
   * a time before the revocation must not bring the agent back (P5).
   * @param recordVersion from a lease of this agent, taken before this call.
   */
  async agent(id: AgentId, recordVersion: number): Promise<RegisteredAgent | undefined> {
    const agent = await this.#read(this.#cache.agents, id, recordVersion, () => agentReading(this.#db, id));
    return agent === undefined || agent.revokedAt !== null ? undefined : agent;
  }

  /** @param configEpoch from a lease of this workspace, taken before this call. */
  async catalog(id: WorkspaceId, configEpoch: number): Promise<Catalog> {
    const catalog = await this.#read(this.#cache.catalogs, id, configEpoch, () =>
      catalogReading(this.#db, id),
    );
    if (catalog === undefined) throw new Error("a catalog is never absent");
    return catalog;
  }

  /**
   * The identity providers that a workspace trusts.
   * @param configEpoch from a lease of this workspace, taken before this call.
   */
  async providers(id: WorkspaceId, configEpoch: number): Promise<ReadonlyMap<IdpId, IdentityProvider>> {
    const reading = () => providersReading(this.#db, id, this.#testIssuer);
    return (await this.#read(this.#cache.providers, id, configEpoch, reading)) ?? new Map();
  }

  /**
   * What the server of a tool listed and an operator approved, in the order of the names.
   * @param configEpoch from a lease of the tool's workspace, taken before this call.
   */
  async definitions(tool: Id<"tol">, configEpoch: number): Promise<readonly PinnedDefinition[]> {
    const cached = this.#cache.definitions.get(tool);
    if (cached?.version === configEpoch) return cached.value;
    const [value] = await readTogether<[readonly PinnedDefinition[]]>(this.#db, [
      definitionsReading(this.#db, tool),
    ]);
    const size = value.reduce((sum, { text }) => sum + text.length, 0);
    if (size <= MOST_KEPT) this.#cache.definitions.set(tool, { version: configEpoch, value });
    return value;
  }

  /** Reads the tiers, unless this isolate has them. @param orgEpoch from a lease of `org`, taken before this call. */
  async loadTiers(orgEpoch: number): Promise<void> {
    if (!this.#cache.tiers.isAsOf(orgEpoch)) await readTogether(this.#db, [this.#tiersUnder(orgEpoch)]);
  }

  #tiersUnder(orgEpoch: number): Reading<void> {
    const { statements, parse } = tiersReading(this.#db);
    return { statements, parse: (...rows) => this.#cache.tiers.put(orgEpoch, parse(...rows)) };
  }

  /** The policies for a chain. The versions come from leases taken before this call. */
  async policies({ workspace, configEpoch, orgEpoch, agents }: PoliciesWanted): Promise<HeldPolicies> {
    const { bundles, organization } = this.#cache;
    const shared = await this.#read(organization, "org", orgEpoch, () => this.#organization());
    const own = new Map<string, HeldBundle | undefined>();
    for (const id of [workspace, ...agents.map((agent) => agent.id)])
      own.set(id, await this.#read(bundles, id, configEpoch, () => this.#bundle(id)));
    const find = (id: string): HeldBundle | undefined => own.get(id) ?? shared?.get(id);
    return {
      bundles: bundlesOf(workspace, (id) => find(id)?.active ?? null),
      shadow: shadowOf(workspace, agents, find),
    };
  }

  #bundle(id: WorkspaceId | AgentId): Reading<HeldBundle> {
    const { statements, parse } = bundleReading(this.#db, id);
    return { statements, parse: (...rows) => heldBundle(parse(...rows)) };
  }

  #organization(): Reading<ReadonlyMap<string, HeldBundle>> {
    const { statements, parse } = organizationBundlesReading(this.#db);
    return {
      statements,
      parse: (...rows) => {
        const byBundle = Map.groupBy(parse(...rows), ({ bundle }) => bundle);
        return new Map([...byBundle].map(([bundle, versions]) => [bundle, heldBundle(versions)]));
      },
    };
  }

  async #read<T>(
    cache: BoundedMap<string, Tagged<T>>,
    id: string,
    version: number,
    reading: () => Reading<T | undefined>,
  ): Promise<T | undefined> {
    const cached = cache.get(id);
    if (cached?.version === version) return cached.value;
    const [value] = await readTogether<[T | undefined]>(this.#db, [reading()]);
    if (value !== undefined) cache.set(id, { version, value });
    return value;
  }
}

/** A read that puts its result into the cache; undefined when the cache has this version already. */
function missing<T>(
  cache: BoundedMap<string, Tagged<T>>,
  id: string,
  version: number,
  reading: () => Reading<T | undefined>,
): Reading<void> | undefined {
  if (cache.get(id)?.version === version) return undefined;
  const { statements, parse } = reading();
  return {
    statements,
    parse: (...rows) => {
      const value = parse(...rows);
      if (value !== undefined) cache.set(id, { version, value });
    },
  };
}
