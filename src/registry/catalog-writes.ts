/** The statements that a WorkspaceObject adds to its batch to change the catalog. */
import { and, eq, sql, type SQL } from "drizzle-orm";
import type { Id, WorkspaceId } from "../kernel/ids.ts";
import { guard, type Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { agents, agentSurfaces } from "../storage/tables/agents.ts";
import { catalogIntegrations, catalogPools, catalogTools, toolSecrets } from "../storage/tables/catalog.ts";
import { toolOperations } from "../storage/tables/tool-operations.ts";
import { lapseStatements } from "./tool-operations.ts";

export type EntryKind = "tool" | "pool" | "integration";

/** One change of a catalog: a new entry, changed members of an entry, or its removal. */
export type CatalogChange =
  | { readonly act: "add"; readonly kind: "tool"; readonly row: typeof catalogTools.$inferInsert }
  | { readonly act: "add"; readonly kind: "pool"; readonly row: typeof catalogPools.$inferInsert }
  | {
      readonly act: "add";
      readonly kind: "integration";
      readonly row: typeof catalogIntegrations.$inferInsert;
    }
  | {
      readonly act: "update";
      readonly kind: EntryKind;
      readonly name: string;
      readonly set: Readonly<Record<string, unknown>>;
      /** The tool whose approvals lapse with the change, and when; null: none do. */
      readonly lapses: { readonly tool: Id<"tol">; readonly at: number } | null;
    }
  | { readonly act: "remove"; readonly kind: EntryKind; readonly name: string; readonly force: boolean };

const TABLES = { tool: catalogTools, pool: catalogPools, integration: catalogIntegrations } as const;

export function catalogStatements(db: Database, workspace: WorkspaceId, change: CatalogChange): Statement[] {
  switch (change.act) {
    case "add":
      return [insertEntry(db, change)];
    case "update": {
      const table = TABLES[change.kind] as typeof catalogTools;
      return [
        db
          .update(table)
          .set({ ...change.set, version: sql`version + 1` })
          .where(entryIs(table, workspace, change.name)),
        ...(change.lapses === null ? [] : lapseStatements(db, change.lapses)),
      ];
    }
    case "remove": {
      const table = TABLES[change.kind] as typeof catalogTools;
      const removal = [
        ...(change.kind === "tool" ? deleteBehind(db, workspace, change.name) : []),
        db.delete(table).where(entryIs(table, workspace, change.name)),
      ];
      return change.force ? removal : [guardUnused(db, workspace, change.kind, change.name), ...removal];
    }
  }
}

function insertEntry(db: Database, change: Extract<CatalogChange, { act: "add" }>): Statement {
  switch (change.kind) {
    case "tool":
      return db.insert(catalogTools).values(change.row);
    case "pool":
      return db.insert(catalogPools).values(change.row);
    case "integration":
      return db.insert(catalogIntegrations).values(change.row);
  }
}

/** The secrets and the pins of a tool go with it: another tool of the same name has none of them. */
const deleteBehind = (db: Database, workspace: WorkspaceId, name: string): Statement[] => {
  const tool = sql`(SELECT ${catalogTools.id} FROM ${catalogTools}
    WHERE ${catalogTools.workspaceId} = ${workspace} AND ${catalogTools.name} = ${name})`;
  return [
    db.delete(toolSecrets).where(sql`${toolSecrets.toolId} IN ${tool}`),
    db.delete(toolOperations).where(sql`${toolOperations.toolId} IN ${tool}`),
  ];
};

const entryIs = (table: typeof catalogTools, workspace: WorkspaceId, name: string): SQL | undefined =>
  and(eq(table.workspaceId, workspace), eq(table.name, name));

/** Declarations of an entry or of one of its operations, by agents that are not revoked. */
export const declarationsOf = (workspace: WorkspaceId, kind: EntryKind, name: string): SQL => sql`
  FROM ${agentSurfaces} JOIN ${agents} ON ${agents.id} = ${agentSurfaces.agentId}
  WHERE ${agents.workspaceId} = ${workspace} AND ${agents.state} <> 'revoked' AND ${agentSurfaces.kind} = ${kind}
    AND (${agentSurfaces.name} = ${name} OR substr(${agentSurfaces.name}, 1, ${name.length + 1}) = ${`${name}/`})`;

/** Aborts the batch when an agent declares the entry, even if it began to do so a moment ago. */
const guardUnused = (db: Database, workspace: WorkspaceId, kind: EntryKind, name: string): Statement =>
  guard(db, "unusedOk", sql`(SELECT NOT EXISTS (SELECT 1 ${declarationsOf(workspace, kind, name)}))`);
