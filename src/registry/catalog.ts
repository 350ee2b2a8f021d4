/** The catalog of a workspace: the entries that its agents may declare, and what a declaration resolves to. */
import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { Integration, Pool, Tool } from "../contract/catalog.ts";
import { offeredByMcp } from "../contract/mcp-operations.ts";
import { toolOf } from "../contract/resource.ts";
import type { QuarantineReason } from "../contract/tool-operation.ts";
import type { CredentialState } from "../contract/upstream.ts";
import { rfc3339 } from "../kernel/clock.ts";
import type { AgentId, Id, WorkspaceId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
import { readTogether, type Reading } from "../storage/read.ts";
import { agents, agentSurfaces } from "../storage/tables/agents.ts";
import { catalogIntegrations, catalogPools, catalogTools, toolSecrets } from "../storage/tables/catalog.ts";
import { toolOperations } from "../storage/tables/tool-operations.ts";
import { routeOf, type PinnedRequest } from "./http-definition.ts";
import { routeNamed, type HttpRoute } from "./http-operations.ts";
import type { JsonSchema } from "./schema-text.ts";
import { shownToolSettings } from "./tool-settings.ts";
import type { SealedSecret } from "./tool-secrets.ts";
import { upstreamSettings, type Upstream } from "./upstream.ts";
import { inList } from "../storage/in-list.ts";
import { declarationsOf, type EntryKind } from "./catalog-writes.ts";

export interface CatalogTool {
  readonly id: Id<"tol">;
  readonly operations: readonly string[] | null;
  readonly clearArguments: boolean;
  /** The schema of each operation's arguments. */
  readonly schemas: ReadonlyMap<string, JsonSchema>;
  /** The schemas of pinned operations as their server defines them, whatever the entry demands of arguments. */
  readonly pinned: ReadonlyMap<string, JsonSchema>;
  /** Operations that differ from what was approved, and why: refused, whatever else is said of them. */
  readonly quarantined: ReadonlyMap<string, QuarantineReason | null>;
  /** Operations that were reviewed as changing nothing. */
  readonly readOnly: ReadonlySet<string>;
  /** Null: the agent calls the tool itself. */
  readonly upstream: Upstream | null;
  /** Of an HTTP tool: where its operations are called; null: each path is an operation of its own. */
  readonly routes: readonly HttpRoute[] | null;
  /** How an operation that an OpenAPI document describes is called. */
  readonly requests: ReadonlyMap<string, PinnedRequest>;
  /** Calls may have query parameters that the document does not declare. */
  readonly additionalQuery: boolean;
}

/** The catalog as decisions read it. A null list of operations or models allows any. */
export interface Catalog {
  readonly tools: ReadonlyMap<string, CatalogTool>;
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
    db
      .select({ id: toolSecrets.id, toolId: toolSecrets.toolId, sealed: toolSecrets.sealed })
      .from(toolSecrets)
      .where(eq(toolSecrets.workspaceId, workspaceId))
      .orderBy(asc(toolSecrets.toolId), asc(toolSecrets.createdAt), asc(toolSecrets.id)),
    db
      .select({
        toolId: toolOperations.toolId,
        name: toolOperations.name,
        state: toolOperations.state,
        why: toolOperations.why,
        readOnly: toolOperations.readOnly,
        schema: sql<string | null>`json_extract(${toolOperations.definition}, '$.inputSchema')`,
        request: sql<string | null>`json_extract(${toolOperations.definition}, '$.request')`,
        pending: sql<string | null>`json_extract(${toolOperations.pending}, '$.request')`,
      })
      .from(toolOperations)
      .where(eq(toolOperations.workspaceId, workspaceId)),
  ],
  parse: (
    tools: readonly (typeof catalogTools.$inferSelect)[] = [],
    pools: readonly (typeof catalogPools.$inferSelect)[] = [],
    integrations: readonly (typeof catalogIntegrations.$inferSelect)[] = [],
    secrets: readonly SealedSecret[] = [],
    operations: readonly PinnedOperation[] = [],
  ) => {
    const pinned = Map.groupBy(operations, ({ toolId }) => toolId);
    const newest = new Map(secrets.map((secret) => [secret.toolId, secret]));
    return {
      tools: new Map(
        tools.map((row) => [
          row.name,
          catalogTool(row, newest.get(row.id) ?? null, pinned.get(row.id) ?? []),
        ]),
      ),
      pools: new Map(pools.map((row) => [row.name, { models: row.models }])),
      integrations: new Set(integrations.map((row) => row.name)),
    };
  },
});

/** The part of a pinned operation that decisions read. */
interface PinnedOperation extends Pick<
  typeof toolOperations.$inferSelect,
  "toolId" | "name" | "state" | "why" | "readOnly"
> {
  /** JSON; null: nothing was ever approved. */
  readonly schema: string | null;
  /** JSON: how an operation of an HTTP tool is called, as it was approved, and as it waits for approval. */
  readonly request: string | null;
  readonly pending: string | null;
}

/**
 * An MCP server, and an HTTP API that a document describes, have the operations that are pinned, and none before they
 * were listed (P1), but for what calls no tool of an MCP server; the entry can only leave some out.
 */
function catalogTool(
  row: typeof catalogTools.$inferSelect,
  secret: SealedSecret | null,
  pinned: readonly PinnedOperation[],
): CatalogTool {
  const { kind, url, openapi } = row;
  const upstream = kind === "local" || url === null ? null : { ...upstreamSettings(row), kind, url, secret };
  return describedBy(row, upstream, kind === "http" && openapi === null ? [] : pinned);
}

/** A tool with the operations of its server, as decisions would read it; without its credential. */
export const offeredTool = (
  row: typeof catalogTools.$inferSelect,
  operations: readonly (typeof toolOperations.$inferSelect)[],
): CatalogTool => catalogTool(row, null, operations.map(pinnedOperation));

const pinnedOperation = ({
  definition,
  pending,
  ...row
}: typeof toolOperations.$inferSelect): PinnedOperation => ({
  ...row,
  schema: textOf(definition?.["inputSchema"]),
  request: textOf(definition?.["request"]),
  pending: textOf(pending?.["request"]),
});

const textOf = (json: unknown): string | null => (json === undefined ? null : JSON.stringify(json));

function describedBy(
  row: typeof catalogTools.$inferSelect,
  upstream: Upstream | null,
  pinned: readonly PinnedOperation[],
): CatalogTool {
  const { kind, openapi, operations, clearArguments, argumentSchemas, additionalQuery } = row;
  const kept = operations === null ? null : new Set(operations);
  const names = pinned.map(({ name }) => name);
  const schemas = new Map(schemasOf(pinned));
  const requests = new Map(
    (kind === "http" ? pinned : []).flatMap(({ name, request }) =>
      request === null ? [] : [[name, parsedRequest(request)]],
    ),
  );
  const isKept = (name: string): boolean => {
    const request = requests.get(name);
    return (
      kept === null ||
      kept.has(name) ||
      (request !== undefined && kept.has(`${request.method} ${request.path}`))
    );
  };
  return {
    id: row.id,
    operations:
      kind === "mcp"
        ? offeredByMcp(names, kept)
        : openapi === null
          ? operations
          : names.filter((name) => isKept(name)),
    clearArguments,
    schemas: new Map([...schemas, ...Object.entries(argumentSchemas ?? {})]),
    pinned: schemas,
    quarantined: new Map(
      pinned.flatMap(({ name, state, why }) => (state === "quarantined" ? [[name, why] as const] : [])),
    ),
    readOnly: new Set(pinned.flatMap(({ name, readOnly }) => (readOnly ? [name] : []))),
    upstream,
    routes: kind === "http" ? routesOf(row, pinned, requests) : null,
    requests,
    additionalQuery,
  };
}

/**
 * Every operation has its route, also one that is refused: its calls would otherwise fall to another one whose template
 * is less concrete. Pinned ones come first, because the first of two in the same place counts.
 */
function routesOf(
  { operations, openapi }: typeof catalogTools.$inferSelect,
  pinned: readonly PinnedOperation[],
  requests: ReadonlyMap<string, PinnedRequest>,
): readonly HttpRoute[] | null {
  if (openapi === null) return operations?.flatMap((name) => routeNamed(name) ?? []) ?? null;
  const approved = (state: PinnedOperation["state"]) =>
    pinned.flatMap((each) => {
      const request = each.state === state ? requests.get(each.name) : undefined;
      return request === undefined ? [] : [routeOf(each.name, request)];
    });
  const waiting = pinned.flatMap(({ name, pending }) =>
    pending === null ? [] : [routeOf(name, parsedRequest(pending))],
  );
  return [...approved("pinned"), ...approved("quarantined"), ...waiting];
}

/** Stored by Dome itself, which made it of a document. */
const parsedRequest = (request: string): PinnedRequest => JSON.parse(request) as PinnedRequest;

const schemasOf = (pinned: readonly PinnedOperation[]): (readonly [string, JsonSchema])[] =>
  pinned.flatMap(({ name, schema }) =>
    schema === null ? [] : [[name, JSON.parse(schema) as JsonSchema] as const],
  );

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
  ...shownToolSettings(row),
  credential: credentialOf(row),
  // Without a document, what was once pinned counts for nothing.
  quarantined: row.kind === "http" && row.openapi === null ? 0 : row.quarantined,
});

const credentialOf = ({ auth, secrets }: typeof catalogTools.$inferSelect): CredentialState => {
  if (auth.type === "none") return "not_needed";
  return secrets === 0 ? "missing" : "kept";
};

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

/** An entry of a catalog. */
export interface EntryName {
  readonly kind: EntryKind;
  readonly name: string;
}

/** The agents among these that declare one of the entries, or an operation of one. */
export async function declarersAmong(
  db: Database,
  among: readonly AgentId[],
  entries: readonly EntryName[],
): Promise<ReadonlySet<AgentId>> {
  const { agentId, kind, name } = agentSurfaces;
  const names = JSON.stringify(entries.map((entry) => `${entry.kind} ${entry.name}`));
  const rows = await db
    .selectDistinct({ agent: agentId })
    .from(agentSurfaces)
    .where(
      and(
        inList(agentId, among),
        sql`${kind} || ' ' || substr(${name}, 1, instr(${name} || '/', '/') - 1) IN (SELECT value FROM json_each(${names}))`,
      ),
    );
  return new Set(rows.map(({ agent }) => agent));
}
