import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import {
  MOST_CALLS,
  NO_AUTH,
  type ContextHeader,
  type DomeContext,
  type ToolKind,
  type UpstreamAuth,
} from "../../contract/upstream.ts";
import type { RedactUnreadable } from "../../contract/redaction.ts";
import type { Id, WorkspaceId } from "../../kernel/ids.ts";

const entry = {
  workspaceId: text("workspace_id").$type<WorkspaceId>().notNull(),
  name: text().notNull(),
  description: text(),
  createdAt: integer("created_at").notNull(),
  version: integer().notNull().default(1),
};

export const catalogTools = sqliteTable(
  "catalog_tools",
  {
    ...entry,
    id: text().$type<Id<"tol">>().notNull(),
    kind: text().$type<ToolKind>().notNull(),
    operations: text({ mode: "json" }).$type<string[]>(),
    clearArguments: integer("clear_arguments", { mode: "boolean" }).notNull().default(false),
    argumentSchemas: text("argument_schemas", { mode: "json" }).$type<
      Record<string, Record<string, unknown>>
    >(),
    url: text(),
    auth: text({ mode: "json" }).$type<UpstreamAuth>().notNull().default(NO_AUTH),
    forwardHeaders: text("forward_headers", { mode: "json" }).$type<string[]>().notNull().default([]),
    domeContext: text("dome_context", { mode: "json" }).$type<DomeContext>(),
    contextHeaders: text("context_headers", { mode: "json" }).$type<ContextHeader[]>().notNull().default([]),
    /** The URL of an OpenAPI document, or `given`; null: nothing describes the operations. */
    openapi: text(),
    additionalQuery: integer("additional_query", { mode: "boolean" }).notNull().default(false),
    redactPaths: text("redact_paths", { mode: "json" }).$type<string[]>().notNull().default([]),
    redactPatterns: text("redact_patterns", { mode: "json" }).$type<string[]>().notNull().default([]),
    redactUnreadable: text("redact_unreadable").$type<RedactUnreadable>().notNull().default("refuse"),
    maxOpenCalls: integer("max_open_calls").notNull().default(MOST_CALLS),
    /** How many secrets it has; counted in the batch that changes them. */
    secrets: integer().notNull().default(0),
    /** How many operations are quarantined; counted in the batch that changes them. */
    quarantined: integer().notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.name] })],
);

/** What Dome authenticates with to the servers behind tools, sealed. */
export const toolSecrets = sqliteTable("tool_secrets", {
  id: text().$type<Id<"sec">>().primaryKey(),
  toolId: text("tool_id").$type<Id<"tol">>().notNull(),
  workspaceId: text("workspace_id").$type<WorkspaceId>().notNull(),
  sealed: text().notNull(),
  createdAt: integer("created_at").notNull(),
  createdBy: text("created_by").notNull(),
});

export const catalogPools = sqliteTable(
  "catalog_pools",
  {
    ...entry,
    id: text().$type<Id<"pol">>().notNull(),
    models: text({ mode: "json" }).$type<string[]>(),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.name] })],
);

export const catalogIntegrations = sqliteTable(
  "catalog_integrations",
  { ...entry, id: text().$type<Id<"int">>().notNull() },
  (table) => [primaryKey({ columns: [table.workspaceId, table.name] })],
);
