/** API keys in the registry: by digest to their agent, for ever. Whether a key is live is the AgentObject's word. */
import { and, asc, eq, gt } from "drizzle-orm";
import type { AgentId, KeyId } from "../kernel/ids.ts";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { apiKeys } from "../storage/tables/agents.ts";

export type KeyRow = typeof apiKeys.$inferSelect;

/** Which agent and key a digest belongs to. */
export async function findKeyByDigest(
  db: Database,
  digest: string,
): Promise<{ readonly agent: AgentId; readonly key: KeyId } | undefined> {
  return db
    .select({ agent: apiKeys.agentId, key: apiKeys.id })
    .from(apiKeys)
    .where(eq(apiKeys.digest, digest))
    .get();
}

/** A page of an agent's keys in the order of their ids. */
export async function listKeys(
  db: Database,
  agent: AgentId,
  after: string | undefined,
  limit: number,
): Promise<KeyRow[]> {
  const from = after === undefined ? undefined : gt(apiKeys.id, after as KeyId);
  return db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.agentId, agent), from))
    .orderBy(asc(apiKeys.id))
    .limit(limit);
}

/** What is stored of a new key. */
export interface KeyInsert {
  readonly id: KeyId;
  readonly digest: string;
  readonly rootKeyVersion: string;
  readonly last4: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

export const insertKey = (db: Database, agentId: AgentId, key: KeyInsert): Statement =>
  db.insert(apiKeys).values({ ...key, agentId });

/** Notes that a key was used. Coarse: the caller asks at most once an hour and key. */
export async function touchKey(db: Database, key: KeyId, now: number): Promise<void> {
  await db.update(apiKeys).set({ lastUsedAt: now }).where(eq(apiKeys.id, key));
}
