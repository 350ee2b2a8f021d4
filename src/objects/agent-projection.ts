/** Writes what the object knows into D1, for listing. Guarded by version; never read back for a decision. */
import { eq } from "drizzle-orm";
import { projectState } from "../registry/agent-writes.ts";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { apiKeys } from "../storage/tables/agents.ts";
import type { AgentStore } from "./agent-store.ts";
import type { DrainTable } from "./drain-table.ts";

export async function projectAgent(db: Database, store: AgentStore, drains: DrainTable): Promise<void> {
  const agent = store.read();
  const drain = drains.find();
  if (agent === null) return;
  const state = projectState(db, agent.id, {
    state: agent.state,
    version: agent.stateVersion,
    changedAt: agent.stateChangedAt,
    draining: drain === null ? null : { deadline: drain.deadline, end: drain.end, halt: drain.halt },
  });
  const keys = store
    .keys()
    .filter((key) => key.revokedAt !== null || key.expiresAt !== null)
    .map((key): Statement =>
      db
        .update(apiKeys)
        .set({ revokedAt: key.revokedAt, expiresAt: key.expiresAt })
        .where(eq(apiKeys.id, key.id)),
    );
  await db.batch([state, ...keys]);
}
