/** The status: the first thing to look at when something seems wrong. It only reads, and its figures are current. */
import { sql } from "drizzle-orm";
import type { Status } from "../contract/status.ts";
import { rfc3339, rfc3339OrNull } from "../kernel/clock.ts";
import { whyNot, type Permission } from "../operators/permissions.ts";
import { listWorkspaces } from "../registry/workspaces.ts";
import type { Database } from "../storage/client.ts";
import { inList } from "../storage/in-list.ts";
import { totalBacklog } from "../storage/outbox-backlog.ts";
import { agents } from "../storage/tables/agents.ts";
import { auditOutbox } from "../storage/tables/changes.ts";
import { loadSigningKeys } from "../tokens/signing-key-reads.ts";
import { keyInForce, signingKeyAt } from "../tokens/signing-key.ts";
import type { OperatorRequest } from "./request/ports.ts";
import type { ReceiptPorts } from "./read-halt.ts";

/** The most workspaces whose ledgers are asked one by one. */
const MOST_LEDGERS = 100;
const DAY_MS = 86_400_000;

export interface Installation {
  readonly version: string;
  readonly auditSink: "queue" | "outbox";
}

export async function readStatus(
  ports: ReceiptPorts,
  request: OperatorRequest,
  installation: Installation,
): Promise<Status> {
  const { db, clock, ledgers, derived, issuer } = ports;
  const { workspaces: visible } = request.operator;
  const now = clock.now();
  const rows = await listWorkspaces(db, visible, undefined, MOST_LEDGERS);
  // Data that has a route of its own is left out for operators whom that route refuses.
  const maySee = (permission: Permission): boolean => whyNot(request.operator, permission) === null;
  // Other workspaces are left out, even from the number of agents (P11).
  const mine = rows.map((row) => row.id);
  const [outbox, backlog, states, keys] = await Promise.all([
    // The rows of the outbox are not separated by workspace, and the activity of other workspaces must not be visible
    // (P11).
    visible === null ? outboxDepth(db) : null,
    totalBacklog(db, visible === null ? null : mine),
    db
      .select({ state: agents.state, count: sql<number>`count(*)` })
      .from(agents)
      .where(visible === null ? undefined : inList(agents.workspaceId, mine))
      .groupBy(agents.state),
    maySee("signing-keys:read") ? loadSigningKeys(db) : null,
  ]);
  const named = rows.map((row): { id: string; name: string } => ({ id: row.id, name: row.name }));
  if (visible === null) named.push({ id: "org", name: "org" });
  const read = await Promise.all(
    named.map(async ({ id, name }) => ({ name, ...(await ledgers.status(id)) })),
  );
  return {
    version: installation.version,
    issuer,
    time: rfc3339(now),
    audit_sink: installation.auditSink,
    outbox,
    object_outboxes: {
      owners: backlog.owners,
      records: backlog.records,
      oldest_at: rfc3339OrNull(backlog.oldestAt),
    },
    agents: Object.fromEntries(states.map(({ state, count }) => [state, count])),
    ledgers: read.map((ledger) => ({
      ledger: ledger.ledger,
      name: ledger.name,
      records: ledger.last_seq,
      bytes: ledger.bytes,
      capacity: ledger.capacity,
      evidence: ledger.evidence,
      producers_with_gaps: ledger.gaps.length,
      rejected: ledger.rejected,
      dead_letters: ledger.dead_letters,
    })),
    signing_keys:
      keys?.map((key) => ({
        kid: key.kid,
        use: key.use,
        created_at: rfc3339(key.createdAt),
        signs: signingKeyAt(keys, key.use, now)?.kid === key.kid,
        in_force: keyInForce(keys, key.use, now)?.kid === key.kid,
        age_days: Math.floor((now - key.createdAt) / DAY_MS),
      })) ?? null,
    root_keys: maySee("root-keys:read") ? derived.map((each) => each.version) : null,
  };
}

async function outboxDepth(db: Database): Promise<NonNullable<Status["outbox"]>> {
  const row = await db
    .select({ depth: sql<number>`count(*)`, oldest: sql<number | null>`min(${auditOutbox.createdAt})` })
    .from(auditOutbox)
    .get();
  return { depth: row?.depth ?? 0, oldest_at: rfc3339OrNull(row?.oldest ?? null) };
}
