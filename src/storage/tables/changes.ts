import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { AgentId, WorkspaceId } from "../../kernel/ids.ts";

/** A condition that a batch requires; a violated constraint aborts the batch. */
export const batchGuard = sqliteTable("batch_guard", {
  fenceOk: integer("fence_ok"),
  claimOk: integer("claim_ok"),
  parentOk: integer("parent_ok"),
  unusedOk: integer("unused_ok").default(1),
  depthOk: integer("depth_ok").default(1),
});

export const idempotency = sqliteTable(
  "idempotency",
  {
    subject: text().notNull(),
    owner: text().$type<AgentId | WorkspaceId | "org">().notNull(),
    key: text().notNull(),
    bodyDigest: text("body_digest").notNull(),
    target: text().notNull(),
    fence: integer().notNull().default(0),
    claimedUntil: integer("claimed_until").notNull(),
    status: integer(),
    body: text(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.subject, table.owner, table.key] })],
);

export const auditProducers = sqliteTable("audit_producers", {
  producer: text().primaryKey(),
  lastN: integer("last_n").notNull(),
});

/** The records that owner objects could not deliver at their last attempt; see `storage/outbox-backlog.ts`. */
export const outboxBacklog = sqliteTable("outbox_backlog", {
  owner: text().primaryKey(),
  depth: integer().notNull(),
  oldestAt: integer("oldest_at"),
  notedAt: integer("noted_at").notNull(),
});

export const auditOutbox = sqliteTable(
  "audit_outbox",
  {
    producer: text().notNull(),
    n: integer().notNull(),
    owner: text().notNull(),
    record: text().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.producer, table.n] })],
);
