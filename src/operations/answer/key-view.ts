/** The view of API keys, and their state. Times are in milliseconds since the epoch. */
import type { ApiKey } from "../../contract/key.ts";
import type { KeyRow } from "../../credentials/key-reads.ts";
import { rfc3339, rfc3339OrNull } from "../../kernel/clock.ts";
import type { AgentDescription } from "../owners/agent-owner.ts";

type KnownKey = Pick<
  KeyRow,
  "id" | "agentId" | "last4" | "createdAt" | "expiresAt" | "revokedAt" | "lastUsedAt"
>;

export const apiKeyOf = (key: KnownKey, now: number): ApiKey => ({
  id: key.id,
  agent: key.agentId,
  last4: key.last4,
  state: keyStateOf(key, now),
  created_at: rfc3339(key.createdAt),
  expires_at: rfc3339OrNull(key.expiresAt),
  revoked_at: rfc3339OrNull(key.revokedAt),
  last_used_at: rfc3339OrNull(key.lastUsedAt),
});

/** A key that the object does not know is not live, even if the registry says so. */
export const keyView = (
  row: KeyRow,
  live: AgentDescription["keys"][number] | undefined,
  now: number,
): ApiKey =>
  apiKeyOf(
    {
      ...row,
      revokedAt: live === undefined ? (row.revokedAt ?? row.createdAt) : live.revokedAt,
      expiresAt: live?.expiresAt ?? row.expiresAt,
      lastUsedAt: live?.lastUsedAt ?? row.lastUsedAt,
    },
    now,
  );

export function keyStateOf(
  { revokedAt, expiresAt }: Pick<KnownKey, "revokedAt" | "expiresAt">,
  now: number,
): ApiKey["state"] {
  if (revokedAt !== null) return "revoked";
  return expiresAt !== null && expiresAt <= now ? "expired" : "live";
}
