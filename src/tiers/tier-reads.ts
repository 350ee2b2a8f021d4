/** Tiers in the registry: reads. */
import { asc } from "drizzle-orm";
import { z } from "zod";
import type { Tier } from "../contract/tier.ts";
import { tierSettings } from "../contract/tier.ts";
import type { Database } from "../storage/client.ts";
import type { Reading } from "../storage/read.ts";
import { readTogether } from "../storage/read.ts";
import { tiers } from "../storage/tables/tiers.ts";
import type { Tiers } from "./limits.ts";

type TierRow = typeof tiers.$inferSelect;

/** What a newer version has added is left out: during its deployment this version decides as it did before. */
const knownSettings = z.object(tierSettings.shape);

/** @throws ZodError where a setting is missing, or has no meaning: without its limits nothing may be decided. */
const tierView = ({ name, builtIn, settings, version }: TierRow): Tier => ({
  ...knownSettings.parse(settings),
  name,
  built_in: builtIn,
  version,
});

/** All tiers, by name. */
export const tiersReading = (db: Database): Reading<Tiers> => ({
  statements: [db.select().from(tiers).orderBy(asc(tiers.name))],
  parse: (rows: readonly TierRow[] = []) => new Map(rows.map((row) => [row.name, tierView(row)])),
});

export async function loadTiers(db: Database): Promise<Tiers> {
  const [found] = await readTogether<[Tiers]>(db, [tiersReading(db)]);
  return found;
}
