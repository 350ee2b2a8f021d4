/** Counts the live API keys and operator tokens that depend on each version of the root key. */
import { sql, type SQL } from "drizzle-orm";
import type { Database } from "../storage/client.ts";
import { agents, apiKeys } from "../storage/tables/agents.ts";
import { keyDigests } from "../storage/tables/key-digests.ts";
import { operatorTokens } from "../storage/tables/organization.ts";

interface HolderCounts {
  readonly apiKeys: number;
  readonly operatorTokens: number;
}

const HOLDERS = {
  apiKeys: (now: number): SQL => sql`
    SELECT ${apiKeys.id} AS id, ${apiKeys.rootKeyVersion} AS made FROM ${apiKeys}
    INNER JOIN ${agents} ON ${agents.id} = ${apiKeys.agentId}
    WHERE ${apiKeys.revokedAt} IS NULL AND (${apiKeys.expiresAt} IS NULL OR ${apiKeys.expiresAt} > ${now})
      AND ${agents.state} <> 'revoked'`,
  operatorTokens: (now: number): SQL => sql`
    SELECT ${operatorTokens.id} AS id, ${operatorTokens.rootKeyVersion} AS made FROM ${operatorTokens}
    WHERE ${operatorTokens.revokedAt} IS NULL AND ${operatorTokens.expiresAt} > ${now}`,
} as const;

/**
 * Dead keys are not counted: a version may be removed without regard to them, and they are then refused as unknown.
 * @param listed the versions in use, newest first.
 * @param now milliseconds since the epoch.
 * @returns `newest`: counts by the newest listed version of which a holder has a digest; a holder with no listed
 * version counts for the version that it was made under. `made`: counts by the version that a holder was made under.
 */
export async function countHolders(
  db: Database,
  listed: readonly string[],
  now: number,
): Promise<{
  readonly newest: ReadonlyMap<string, HolderCounts>;
  readonly made: ReadonlyMap<string, number>;
}> {
  const newest = new Map<string, { apiKeys: number; operatorTokens: number }>();
  const made = new Map<string, number>();
  for (const kind of ["apiKeys", "operatorTokens"] as const) {
    const rows = await db.all<{ version: string; made: string; n: number }>(sql`
      SELECT coalesce(${firstOf(listed)}, live.made) AS version, live.made AS made, count(*) AS n
      FROM (${HOLDERS[kind](now)}) AS live GROUP BY 1, 2`);
    for (const row of rows) {
      const counts = newest.get(row.version) ?? { apiKeys: 0, operatorTokens: 0 };
      counts[kind] += row.n;
      newest.set(row.version, counts);
      made.set(row.made, (made.get(row.made) ?? 0) + row.n);
    }
  }
  return { newest, made };
}

/** The first of the versions for which the holder `live` has a digest; null when there is none. */
const firstOf = (listed: readonly string[]): SQL => {
  const tests = listed.map(
    (version) => sql`WHEN live.made = ${version} OR EXISTS (
      SELECT 1 FROM ${keyDigests} WHERE holder = live.id AND root_key_version = ${version}) THEN ${version}`,
  );
  return sql`CASE ${sql.join(tests, sql` `)} ELSE NULL END`;
};
