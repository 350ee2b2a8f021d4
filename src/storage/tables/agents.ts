import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { AgentId, HaltId, KeyId, WorkspaceId } from "../../kernel/ids.ts";

export const agents = sqliteTable("agents", {
  id: text().$type<AgentId>().primaryKey(),
  workspaceId: text("workspace_id").$type<WorkspaceId>().notNull(),
  name: text().notNull(),
  owner: text().notNull(),
  steward: text().notNull(),
  stewardSince: integer("steward_since").notNull(),
  createdAt: integer("created_at").notNull(),
  contact: text(),
  tier: text().notNull(),
  description: text(),
  labels: text({ mode: "json" }).$type<Record<string, string>>().notNull(),
  parentId: text("parent_id").$type<AgentId>(),
  requireActas: text("require_actas"),
  delegatesTo: text("delegates_to", { mode: "json" }).$type<string[]>().notNull(),
  expiresAt: integer("expires_at"),
  freshness: text().$type<"leased" | "always">(),
  recordVersion: integer("record_version").notNull().default(1),
  fence: integer().notNull().default(0),
  lastChange: text("last_change"),
  objectStartedAt: integer("object_started_at"),
  state: text().$type<"provisioned" | "active" | "suspended" | "revoked">().notNull().default("provisioned"),
  stateVersion: integer("state_version").notNull().default(0),
  stateChangedAt: integer("state_changed_at").notNull(),
  revokedAt: integer("revoked_at"),
  draining: text({ mode: "json" }).$type<{
    readonly deadline: number;
    readonly end: "suspended" | "revoked";
    readonly halt: HaltId;
    readonly hold?: boolean;
  }>(),
  hold: text({ mode: "json" }).$type<{
    readonly subject: string;
    readonly reason: string | null;
    readonly since: number;
  }>(),
  lastActiveAt: integer("last_active_at"),
  stop: text({ mode: "json" }).$type<{
    readonly subject: string;
    readonly reason: string | null;
    readonly halt: HaltId;
  }>(),
});

export const agentSurfaces = sqliteTable(
  "agent_surfaces",
  {
    agentId: text("agent_id").$type<AgentId>().notNull(),
    kind: text().$type<"tool" | "pool" | "integration">().notNull(),
    name: text().notNull(),
    /** Days since 1970-01-01, as `registry/declared-items.ts` explains them. */
    declaredOn: integer("declared_on"),
    usedOn: integer("used_on"),
    lapsesOn: integer("lapses_on"),
    lapsedOn: integer("lapsed_on"),
  },
  (table) => [primaryKey({ columns: [table.agentId, table.kind, table.name] })],
);

export const apiKeys = sqliteTable("api_keys", {
  id: text().$type<KeyId>().primaryKey(),
  agentId: text("agent_id").$type<AgentId>().notNull(),
  workspaceId: text("workspace_id").$type<WorkspaceId>().notNull(),
  digest: text().notNull(),
  rootKeyVersion: text("root_key_version").notNull(),
  last4: text().notNull(),
  createdAt: integer("created_at").notNull(),
  expiresAt: integer("expires_at"),
  revokedAt: integer("revoked_at"),
  lastUsedAt: integer("last_used_at"),
});
