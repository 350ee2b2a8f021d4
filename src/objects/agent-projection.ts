/** Writes the object's state into D1, for lists. Guarded by version; decisions never read it back. */
import { sql } from "drizzle-orm";
import { projectActivity, projectState } from "../registry/agent-writes.ts";
import type { Database } from "../storage/client.ts";
import { apiKeys } from "../storage/tables/agents.ts";
import { shownDrain } from "./agent-drain.ts";
import { shownHold } from "./agent-lifecycle.ts";
import type { AgentParts } from "./agent-stop.ts";
import type { StoredKey } from "./agent-store.ts";

export async function projectAgent({ deps, store, drains, holds }: AgentParts): Promise<void> {
  const { db } = deps;
  const agent = store.read();
  const drain = drains.find();
  if (agent === null) return;
  const state = projectState(db, agent.id, {
    state: agent.state,
    version: agent.stateVersion,
    changedAt: agent.stateChangedAt,
    draining: drain === null ? null : shownDrain(drain),
    hold: shownHold(holds.find()),
    stop: agent.stop,
  });
  await db.batch([state, projectActivity(db, agent.id, agent.lastActiveAt), projectKeys(db, store.keys())]);
}

/** One statement with one parameter, however many keys an agent has had; it writes only changed keys. */
function projectKeys(db: Database, keys: readonly StoredKey[]) {
  const revokedAt = sql`coalesce(known.value ->> 'revokedAt', ${apiKeys.revokedAt})`;
  const expiresAt = sql`known.value ->> 'expiresAt'`;
  const lastUsedAt = sql`known.value ->> 'lastUsedAt'`;
  return db
    .update(apiKeys)
    .set({ revokedAt, expiresAt, lastUsedAt })
    .from(sql`json_each(${JSON.stringify(keys)}) AS known`)
    .where(
      sql`${apiKeys.id} = known.value ->> 'id'
        AND (${apiKeys.revokedAt} IS NOT ${revokedAt} OR ${apiKeys.expiresAt} IS NOT ${expiresAt}
          OR ${apiKeys.lastUsedAt} IS NOT ${lastUsedAt})`,
    );
}
