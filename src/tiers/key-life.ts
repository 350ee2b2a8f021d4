/** How long a key of an agent may live: the tier's word. A tier that does not exist gives a key a day. */
import { BUILT_IN_TIERS } from "./built-in.ts";

export const longestKeyDays = (tier: string): number => BUILT_IN_TIERS.get(tier)?.max_key_days ?? 1;
