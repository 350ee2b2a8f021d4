import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { QuarantineReason } from "../../contract/tool-operation.ts";
import type { Id, WorkspaceId } from "../../kernel/ids.ts";

type Definition = Record<string, unknown>;

/** The operations of MCP servers behind tools. */
export const toolOperations = sqliteTable(
  "tool_operations",
  {
    toolId: text("tool_id").$type<Id<"tol">>().notNull(),
    workspaceId: text("workspace_id").$type<WorkspaceId>().notNull(),
    name: text().notNull(),
    state: text().$type<"pinned" | "quarantined">().notNull(),
    why: text().$type<QuarantineReason>(),
    hash: text(),
    /** The approved definition, as it was listed. */
    definition: text({ mode: "json" }).$type<Definition>(),
    pendingHash: text("pending_hash"),
    /** What the server says now, where it differs; null also when it no longer lists the operation. */
    pending: text({ mode: "json" }).$type<Definition>(),
    readOnly: integer("read_only", { mode: "boolean" }).notNull().default(false),
    destructive: integer({ mode: "boolean" }).notNull().default(true),
    approvedBy: text("approved_by"),
    approvedAt: integer("approved_at"),
    changedAt: integer("changed_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.toolId, table.name] })],
);
