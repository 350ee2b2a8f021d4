/** How long a key of an agent may live, by its tier. When the tier does not exist, a key lives a day. */
import type { Tiers } from "./limits.ts";

/** A tier, and the longest life of its keys in days. */
export interface TierLife {
  readonly name: string;
  readonly days: number;
}

export const lifeInTier = (tiers: Tiers, name: string): TierLife => ({
  name,
  days: tiers.get(name)?.max_key_days ?? 1,
});
