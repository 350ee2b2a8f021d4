/** Writes what the object knows into D1, for listing. Guarded by version; never read back for a decision. */
import { sql } from "drizzle-orm";
import { projectState } from "../registry/agent-writes.ts";
import type { Database } from "../storage/client.ts";
import { apiKeys } from "../storage/tables/agents.ts";
import type { AgentParts } from "./agent-stop.ts";
import type { StoredKey } from "./agent-store.ts";

export async function projectAgent({ deps, store, drains }: AgentParts): Promise<void> {
  const { db } = deps;
  const agent = store.read();
  const drain = drains.find();
  if (agent === null) return;
  const state = projectState(db, agent.id, {
    state: agent.state,
    version: agent.stateVersion,
    changedAt: agent.stateChangedAt,
    draining: drain === null ? null : { deadline: drain.deadline, end: drain.end, halt: drain.halt },
  });
  const ended = store.keys().filter((key) => key.revokedAt !== null || key.expiresAt !== null);
  await db.batch([state, projectKeys(db, ended)]);
}

/** One statement with one parameter, however many keys an agent has had. */
const projectKeys = (db: Database, ended: readonly StoredKey[]) =>
  db
    .update(apiKeys)
    .set({ revokedAt: sql`ended.value ->> 'revokedAt'`, expiresAt: sql`ended.value ->> 'expiresAt'` })
    .from(sql`json_each(${JSON.stringify(ended)}) AS ended`)
    .where(sql`${apiKeys.id} = ended.value ->> 'id'`);
