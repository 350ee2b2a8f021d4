/**
 * The limits of a call: for each limit, the strictest of all agents of its chain. Another agent in a chain can only
 * tighten them (P6). An agent whose tier does not exist has no valid limits, so everything is denied (P1).
 */
import type { Tier } from "../contract/tier.ts";
import { err, ok, type Result } from "../kernel/result.ts";

/** The tiers of the organization, by name. */
export interface Tiers {
  get(name: string): Tier | undefined;
  has(name: string): boolean;
  keys(): Iterable<string>;
  values(): Iterable<Tier>;
}

/** The limits of one agent of a chain. */
export interface LimitedAgent {
  readonly name: string;
  /** The name of its tier. */
  readonly tier: string;
  /** Its own setting, beside its tier's; null: the tier's applies. */
  readonly freshness: Tier["freshness"] | null;
}

export interface Limits {
  /** The most agents in the chain. */
  readonly maxDepth: number;
  /** The longest life of a call token, in seconds. */
  readonly maxLifetime: number;
  /** The largest body of a call, in bytes. */
  readonly maxBodyBytes: number;
  /** The largest body of a call through a door, and of its answer, in bytes. */
  readonly maxActBodyBytes: number;
  /** The longest time that a call through a door may take, in seconds. */
  readonly maxActSeconds: number;
  /** The longest time that a session of an MCP client may last, in seconds. */
  readonly maxSessionSeconds: number;
  /** The most items of one batch. */
  readonly maxBatch: number;
  /** The rate class of a key. */
  readonly rate: Tier["rate"];
  /** The most calls of the calling agent in a minute; null: no bound. */
  readonly callsPerMinute: number | null;
  /** The most tool calls that the calling agent has open; null: no bound. */
  readonly openCalls: number | null;
  readonly freshness: Tier["freshness"];
}

export interface UnknownTier {
  readonly kind: "unknown_tier";
  /** The first agent whose tier does not exist; null: the chain has no agent. */
  readonly agent: LimitedAgent | null;
}

export function limitsOf(tiers: Tiers, chain: readonly LimitedAgent[]): Result<Limits, UnknownTier> {
  let strictest: Limits | undefined;
  for (const agent of chain) {
    const tier = tiers.get(agent.tier);
    if (tier === undefined) return err({ kind: "unknown_tier", agent });
    const own = limitsOfOne(tier, agent);
    strictest = strictest === undefined ? own : stricter(strictest, own);
  }
  return strictest === undefined ? err({ kind: "unknown_tier", agent: null }) : ok(strictest);
}

/** How fresh a lease that admits must be. Without valid limits, the objects are asked on every call. */
export const freshnessOf = (limits: Result<Limits, UnknownTier>): Tier["freshness"] =>
  limits.ok ? limits.value.freshness : "always";

/** The strictest first. */
const RATES: readonly Tier["rate"][] = ["low", "normal", "high"];

const limitsOfOne = (tier: Tier, agent: LimitedAgent): Limits => ({
  maxDepth: tier.max_chain_depth,
  maxLifetime: tier.token_ttl_seconds,
  maxBodyBytes: tier.max_body_bytes,
  maxActBodyBytes: tier.max_act_body_bytes,
  maxActSeconds: tier.max_act_seconds,
  maxSessionSeconds: tier.max_session_seconds,
  maxBatch: tier.max_batch,
  rate: tier.rate,
  callsPerMinute: tier.calls_per_minute,
  openCalls: tier.open_calls,
  freshness: agent.freshness === "always" ? "always" : tier.freshness,
});

const stricter = (a: Limits, b: Limits): Limits => ({
  maxDepth: Math.min(a.maxDepth, b.maxDepth),
  maxLifetime: Math.min(a.maxLifetime, b.maxLifetime),
  maxBodyBytes: Math.min(a.maxBodyBytes, b.maxBodyBytes),
  maxActBodyBytes: Math.min(a.maxActBodyBytes, b.maxActBodyBytes),
  maxActSeconds: Math.min(a.maxActSeconds, b.maxActSeconds),
  maxSessionSeconds: Math.min(a.maxSessionSeconds, b.maxSessionSeconds),
  maxBatch: Math.min(a.maxBatch, b.maxBatch),
  rate: RATES[Math.min(RATES.indexOf(a.rate), RATES.indexOf(b.rate))] ?? "low",
  callsPerMinute: fewer(a.callsPerMinute, b.callsPerMinute),
  openCalls: fewer(a.openCalls, b.openCalls),
  freshness: a.freshness === "always" ? "always" : b.freshness,
});

/** Null: no bound. */
const fewer = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);
