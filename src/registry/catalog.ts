/** The catalog of a workspace: the entries that its agents may declare, and what a declaration resolves to. */
import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { Integration, Pool, Tool } from "../contract/catalog.ts";
import { toolOf } from "../contract/resource.ts";
import { rfc3339 } from "../kernel/clock.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
import { readTogether, type Reading } from "../storage/read.ts";
import { agents, agentSurfaces } from "../storage/tables/agents.ts";
import { catalogIntegrations, catalogPools, catalogTools } from "../storage/tables/catalog.ts";
import type { JsonSchema } from "./schema-text.ts";
import { declarationsOf, type EntryKind } from "./catalog-writes.ts";

/** The catalog as decisions read it. A null list of operations or models allows any. */
export interface Catalog {
  readonly tools: ReadonlyMap<
    string,
    {
      readonly operations: readonly string[] | null;
      readonly clearArguments: boolean;
      /** The schema of each operation's arguments. */
      readonly schemas: ReadonlyMap<string, JsonSchema>;
    }
  >;
  readonly pools: ReadonlyMap<string, { readonly models: readonly string[] | null }>;
  readonly integrations: ReadonlySet<string>;
}

export async function loadCatalog(db: Database, workspaceId: WorkspaceId): Promise<Catalog> {
  const [catalog] = await readTogether<[Catalog]>(db, [catalogReading(db, workspaceId)]);
  return catalog;
}

/** As `loadCatalog`, for one batch with other reads. */
export const catalogReading = (db: Database, workspaceId: WorkspaceId): Reading<Catalog> => ({
  statements: [
    db.select().from(catalogTools).where(eq(catalogTools.workspaceId, workspaceId)),
    db.select().from(catalogPools).where(eq(catalogPools.workspaceId, workspaceId)),
    db.select().from(catalogIntegrations).where(eq(catalogIntegrations.workspaceId, workspaceId)),
  ],
  parse: (
    tools: readonly (typeof catalogTools.$inferSelect)[] = [],
    pools: readonly (typeof catalogPools.$inferSelect)[] = [],
    integrations: readonly (typeof catalogIntegrations.$inferSelect)[] = [],
  ) => ({
    tools: new Map(
      tools.map(({ name, operations, clearArguments, argumentSchemas }) => [
        name,
        { operations, clearArguments, schemas: new Map(Object.entries(argumentSchemas ?? {})) },
      ]),
    ),
    pools: new Map(pools.map((row) => [row.name, { models: row.models }])),
    integrations: new Set(integrations.map((row) => row.name)),
  }),
});

const entryView = (row: {
  name: string;
  workspaceId: WorkspaceId;
  description: string | null;
  createdAt: number;
  version: number;
}) => ({
  name: row.name,
  workspace_id: row.workspaceId,
  description: row.description,
  created_at: rfc3339(row.createdAt),
  version: row.version,
});

export const toolView = (row: typeof catalogTools.$inferSelect): Tool => ({
  id: row.id,
  ...entryView(row),
  kind: row.kind,
  operations: row.operations,
  clear_arguments: row.clearArguments,
  argument_schemas: row.argumentSchemas,
});

export const poolView = (row: typeof catalogPools.$inferSelect): Pool => ({
  id: row.id,
  ...entryView(row),
  models: row.models,
});

export const integrationView = (row: typeof catalogIntegrations.$inferSelect): Integration => ({
  id: row.id,
  ...entryView(row),
});

export type CatalogTable = typeof catalogTools | typeof catalogPools | typeof catalogIntegrations;

/** One entry by name, or undefined. */
export async function findEntry<T extends CatalogTable>(
  db: Database,
  table: T,
  workspaceId: WorkspaceId,
  name: string,
): Promise<T["$inferSelect"] | undefined> {
  const rows = await db
    .select()
    .from(table as CatalogTable)
    .where(and(eq(table.workspaceId, workspaceId), eq(table.name, name)))
    .limit(1);
  return rows[0] as T["$inferSelect"] | undefined;
}

/** @param reference a tool, with or without one of its operations. */
export const offersTool = async (db: Database, workspace: WorkspaceId, reference: string): Promise<boolean> =>
  (await findEntry(db, catalogTools, workspace, toolOf(reference))) !== undefined;

/** A page of entries in the order of their names. */
export async function listEntries<T extends CatalogTable>(
  db: Database,
  table: T,
  workspaceId: WorkspaceId,
  after: string | undefined,
  limit: number,
): Promise<T["$inferSelect"][]> {
  const from = after === undefined ? undefined : gt(table.name, after);
  const rows = await db
    .select()
    .from(table as CatalogTable)
    .where(and(eq(table.workspaceId, workspaceId), from))
    .orderBy(asc(table.name))
    .limit(limit);
  return rows as T["$inferSelect"][];
}

/** The agents that declare an entry, with their declarations of it, ordered by name. */
export async function declarersOf(
  db: Database,
  workspaceId: WorkspaceId,
  kind: EntryKind,
  name: string,
): Promise<{ readonly agent: AgentId; readonly name: string; readonly declared: string[] }[]> {
  const rows = await db.all<{ agent: AgentId; name: string; declared: string }>(sql`
    SELECT ${agents.id} AS agent, ${agents.name} AS name, json_group_array(${agentSurfaces.name}) AS declared
    ${declarationsOf(workspaceId, kind, name)} GROUP BY ${agents.id} ORDER BY ${agents.name}`);
  return rows.map((row) => ({ ...row, declared: JSON.parse(row.declared) as string[] }));
}
