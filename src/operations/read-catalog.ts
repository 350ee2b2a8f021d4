/** Reads the catalog of a workspace: a page of one kind, or an entry by name. */
import { ok, type Result } from "../kernel/result.ts";
import { listEntries, type CatalogTable } from "../registry/catalog.ts";
import type { CatalogKind } from "./rules/catalog-kinds.ts";
import { afterOf, pageOf, type Page } from "./answer/page.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import type { Refusal } from "./answer/refusal.ts";
import { entryFor, workspaceFor } from "./request/resolve.ts";

export async function listCatalog<Table extends CatalogTable, View extends { readonly name: string }>(
  { db }: OperationPorts,
  request: OperatorRequest,
  kind: CatalogKind<Table, never, never, View>,
  query: {
    readonly workspace?: string | undefined;
    readonly limit: number;
    readonly cursor?: string | undefined;
  },
): Promise<Result<Page<View>, Refusal>> {
  const home = await workspaceFor(db, request.operator, query.workspace);
  if (!home.ok) return home;
  const after = afterOf(query.cursor);
  if (!after.ok) return after;
  const rows = await listEntries(db, kind.table, home.value.id, after.value, query.limit + 1);
  const views = rows.map((row) => kind.view(row));
  return ok(pageOf(views, query.limit, (entry) => entry.name));
}

export async function showEntry<Table extends CatalogTable, View>(
  { db }: OperationPorts,
  request: OperatorRequest,
  kind: CatalogKind<Table, never, never, View>,
  target: { readonly name: string; readonly workspace: string | undefined },
): Promise<Result<View, Refusal>> {
  const found = await entryFor(db, request.operator, kind, target);
  return found.ok ? ok(kind.view(found.value)) : found;
}
