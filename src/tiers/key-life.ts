/** How long a key of an agent may live: the tier's word. A tier that does not exist gives a key a day. */
import type { Tiers } from "./limits.ts";

/** A tier, and how many days its keys live at most. */
export interface TierLife {
  readonly name: string;
  readonly days: number;
}

export const lifeInTier = (tiers: Tiers, name: string): TierLife => ({
  name,
  days: tiers.get(name)?.max_key_days ?? 1,
});
