/** API keys in the registry: from digest to agent, for ever. Whether a key is live is decided by the AgentObject. */
import { and, asc, eq, gt } from "drizzle-orm";
import { unionAll } from "drizzle-orm/sqlite-core";
import type { AgentId, KeyId, WorkspaceId } from "../kernel/ids.ts";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { inList } from "../storage/in-list.ts";
import type { VersionDigest } from "../storage/key-digests.ts";
import { agents, apiKeys } from "../storage/tables/agents.ts";
import { keyDigests } from "../storage/tables/key-digests.ts";

export type KeyRow = typeof apiKeys.$inferSelect;

/**
 * The agent and key that these digests of one text belong to. They never change (P2).
 * @returns `known`: the digests that the registry has.
 */
export async function findKeyByDigests(
  db: Database,
  digests: readonly VersionDigest[],
): Promise<
  | {
      readonly agent: AgentId;
      readonly workspace: WorkspaceId;
      readonly key: KeyId;
      readonly known: ReadonlySet<string>;
    }
  | undefined
> {
  const texts = digests.map(({ digest }) => digest);
  const rows = await unionAll(
    db
      .select({
        agent: apiKeys.agentId,
        workspace: agents.workspaceId,
        key: apiKeys.id,
        digest: apiKeys.digest,
      })
      .from(apiKeys)
      .innerJoin(agents, eq(agents.id, apiKeys.agentId))
      .where(inList(apiKeys.digest, texts)),
    db
      .select({
        agent: apiKeys.agentId,
        workspace: agents.workspaceId,
        key: apiKeys.id,
        digest: keyDigests.digest,
      })
      .from(keyDigests)
      .innerJoin(apiKeys, eq(apiKeys.id, keyDigests.holder))
      .innerJoin(agents, eq(agents.id, apiKeys.agentId))
      .where(inList(keyDigests.digest, texts)),
  );
  const [first] = rows;
  if (first === undefined) return undefined;
  const { agent, workspace, key } = first;
  return { agent, workspace, key, known: new Set(rows.map((row) => row.digest)) };
}

type OwnedKey = KeyRow & { readonly agent: AgentId; readonly workspace: WorkspaceId };

/** A key by its id, with its agent. */
export async function findKey(db: Database, id: KeyId): Promise<OwnedKey | undefined> {
  const row = await db
    .select({ key: apiKeys, workspace: agents.workspaceId })
    .from(apiKeys)
    .innerJoin(agents, eq(agents.id, apiKeys.agentId))
    .where(eq(apiKeys.id, id))
    .get();
  return row === undefined ? undefined : { ...row.key, agent: row.key.agentId, workspace: row.workspace };
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

/** The stored data of a new key. */
interface KeyInsert {
  readonly id: KeyId;
  readonly digest: string;
  readonly rootKeyVersion: string;
  readonly last4: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

export const insertKey = (
  db: Database,
  agent: { readonly id: AgentId; readonly workspaceId: WorkspaceId },
  key: KeyInsert,
): Statement => db.insert(apiKeys).values({ ...key, agentId: agent.id, workspaceId: agent.workspaceId });
