/** The limits of a chain: the strictest of the tiers of its agents. A tier that does not exist allows nothing of length. */
import { BUILT_IN_TIERS } from "./built-in.ts";

const UNKNOWN = { max_chain_depth: 1, token_ttl_seconds: 30 } as const;

/** @returns the most agents in the chain, and the longest life of a token in seconds. */
export function strictestTier(names: readonly string[]): {
  readonly maxDepth: number;
  readonly maxLifetime: number;
} {
  const tiers = names.map((name) => BUILT_IN_TIERS.get(name) ?? UNKNOWN);
  return {
    maxDepth: Math.min(...tiers.map((tier) => tier.max_chain_depth)),
    maxLifetime: Math.min(...tiers.map((tier) => tier.token_ttl_seconds)),
  };
}
