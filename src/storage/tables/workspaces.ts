import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { WorkspaceId } from "../../kernel/ids.ts";

export const workspaces = sqliteTable("workspaces", {
  id: text().$type<WorkspaceId>().primaryKey(),
  name: text().notNull(),
  createdAt: integer("created_at").notNull(),
  description: text(),
  configEpoch: integer("config_epoch").notNull().default(0),
  fence: integer().notNull().default(0),
  lastChange: text("last_change"),
  objectStartedAt: integer("object_started_at"),
  halted: integer({ mode: "boolean" }).notNull().default(false),
  haltVersion: integer("halt_version").notNull().default(0),
});
