/** The keys of an agent: what the registry stores, with the object's word on whether each is live. */
import type { ApiKey } from "../contract/key.ts";
import { listKeys, type KeyRow } from "../credentials/key-reads.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { ok, type Result } from "../kernel/result.ts";
import { agentFor } from "./request/resolve.ts";
import type { AgentDescription } from "./owners/agent-owner.ts";
import { pageOf, type Page } from "./answer/page.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import type { Refusal } from "./answer/refusal.ts";

export async function listAgentKeys(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly agent: string; readonly workspace: string | undefined },
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<Result<Page<ApiKey>, Refusal>> {
  const found = await agentFor(ports.db, request.operator, target.agent, target.workspace);
  if (!found.ok) return found;
  const { id } = found.value;
  const [rows, live] = await Promise.all([
    listKeys(ports.db, id, page.after, page.limit + 1),
    ports.owners.agent(id).describe(),
  ]);
  const now = ports.clock.now();
  return ok(
    pageOf(
      rows.map((row) =>
        keyView(
          row,
          live?.keys.find((key) => key.id === row.id),
          now,
        ),
      ),
      page.limit,
      (key) => key.id,
    ),
  );
}

/** A key that the object does not know is not live, whatever the registry says. */
export function keyView(
  row: KeyRow,
  live: AgentDescription["keys"][number] | undefined,
  now: number,
): ApiKey {
  const time = (ms: number | null | undefined): string | null => (ms == null ? null : rfc3339(ms));
  const revokedAt = live === undefined ? (row.revokedAt ?? row.createdAt) : live.revokedAt;
  const expiresAt = live?.expiresAt ?? row.expiresAt;
  return {
    id: row.id,
    agent: row.agentId,
    last4: row.last4,
    state: keyStateOf({ revokedAt, expiresAt }, now),
    created_at: rfc3339(row.createdAt),
    expires_at: time(expiresAt),
    revoked_at: time(revokedAt),
    last_used_at: time(live?.lastUsedAt ?? row.lastUsedAt),
  };
}

/** Times in milliseconds since the epoch. */
export function keyStateOf(
  { revokedAt, expiresAt }: { readonly revokedAt: number | null; readonly expiresAt: number | null },
  now: number,
): ApiKey["state"] {
  if (revokedAt !== null) return "revoked";
  return expiresAt !== null && expiresAt <= now ? "expired" : "live";
}
