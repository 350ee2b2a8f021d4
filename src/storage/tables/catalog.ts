import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
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
    kind: text().$type<"local">().notNull(),
    operations: text({ mode: "json" }).$type<string[]>(),
    clearArguments: integer("clear_arguments", { mode: "boolean" }).notNull().default(false),
    argumentSchemas: text("argument_schemas", { mode: "json" }).$type<
      Record<string, Record<string, unknown>>
    >(),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.name] })],
);

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
