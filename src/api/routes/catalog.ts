import { z } from "zod";
import {
  catalogQuery,
  entryRemoved,
  integrationPatch,
  poolPatch,
  removeQuery,
  toolPatch,
  type ToolPatch,
  integration,
  integrationCreate,
  integrationList,
  pool,
  poolCreate,
  poolList,
  tool,
  toolCreate,
  toolList,
} from "../../contract/catalog.ts";
import { err, ok } from "../../kernel/result.ts";
import { addIntegration, addPool, addTool } from "../../operations/add-catalog-entry.ts";
import { refusedSchemas } from "../../operations/argument-schemas.ts";
import { removeEntry, updateEntry } from "../../operations/change-catalog-entry.ts";
import { workspaceFor } from "../../operations/resolve.ts";
import { afterOf, pageOf } from "../../operations/page.ts";
import { notFound, type Refusal } from "../../operations/refusal.ts";
import type { EntryKind } from "../../registry/catalog-writes.ts";
import { findEntry, integrationView, listEntries, poolView, toolView } from "../../registry/catalog.ts";
import { catalogIntegrations, catalogPools, catalogTools } from "../../storage/tables/catalog.ts";
import { inWorkspace } from "../agent-path.ts";
import { reply } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

const write = { by: "operator", permission: "catalog:write" } as const;
const read = { by: "operator", permission: "catalog:read" } as const;

const entryPath = z.strictObject({ name: z.string().max(63) });

/** The members of a change as the columns they are kept in; what is absent does not change. */
const toolColumns = ({
  clear_arguments: clearArguments,
  argument_schemas: argumentSchemas,
  ...rest
}: ToolPatch) => ({
  ...rest,
  ...(clearArguments === undefined ? {} : { clearArguments }),
  ...(argumentSchemas === undefined ? {} : { argumentSchemas }),
});

type CatalogTable = typeof catalogTools | typeof catalogPools | typeof catalogIntegrations;

/** What every kind of entry has: a page, one by name, its change and its removal. */
function entryRoutes<T extends CatalogTable, Patch extends z.ZodType<object>>(
  kind: { readonly one: EntryKind; readonly many: string; readonly table: T },
  view: (row: T["$inferSelect"]) => { readonly name: string },
  schemas: { readonly item: z.ZodType; readonly list: z.ZodType; readonly patch: Patch },
  columns: (patch: z.output<Patch>) => Readonly<Record<string, unknown>>,
  refused?: (row: T["$inferSelect"]) => Refusal | undefined,
): Route[] {
  const path = `/api/v1/${kind.many}`;
  const name = `${kind.one[0]?.toUpperCase()}${kind.one.slice(1)}`;
  return [
    problemRoute(
      {
        method: "get",
        path,
        operationId: `list${name}s`,
        summary: `List the ${kind.many} of a workspace`,
        tag: "catalog",
        door: read,
        query: catalogQuery,
        answers: [{ status: 200, description: `A page of ${kind.many}`, schema: schemas.list }],
      },
      async ({ services, operator, query }) => {
        const { db } = services.operations;
        const home = await workspaceFor(db, operator, query.workspace);
        if (!home.ok) return home;
        const after = afterOf(query.cursor);
        if (!after.ok) return after;
        const rows = await listEntries(db, kind.table, home.value.id, after.value, query.limit + 1);
        return ok({ body: pageOf(rows.map(view), query.limit, (entry) => entry.name) });
      },
    ),
    problemRoute(
      {
        method: "get",
        path: `${path}/{name}`,
        operationId: `show${name}`,
        summary: `Show one of the ${kind.many}`,
        tag: "catalog",
        door: read,
        params: entryPath,
        query: z.strictObject(inWorkspace),
        answers: [{ status: 200, description: `The ${kind.one}`, schema: schemas.item }],
      },
      async ({ services, operator, params, query }) => {
        const { db } = services.operations;
        const home = await workspaceFor(db, operator, query.workspace);
        if (!home.ok) return home;
        const row = await findEntry(db, kind.table, home.value.id, params.name);
        return row === undefined ? err(notFound(kind.one, params.name)) : ok({ body: view(row) });
      },
    ),
    problemRoute(
      {
        method: "patch",
        path: `${path}/{name}`,
        operationId: `update${name}`,
        summary: `Change one of the ${kind.many}; its name stays`,
        tag: "catalog",
        door: write,
        params: entryPath,
        query: z.strictObject(inWorkspace),
        body: schemas.patch,
        answers: [{ status: 200, description: `The ${kind.one}`, schema: schemas.item }],
      },
      async ({ services, asked, params, query, body }) => {
        const target = { kind: kind.one, name: params.name, workspace: query.workspace };
        return reply(
          await updateEntry(
            services.operations,
            asked,
            target,
            columns(schemas.patch.parse(body)),
            view,
            refused,
          ),
        );
      },
    ),
    problemRoute(
      {
        method: "delete",
        path: `${path}/{name}`,
        operationId: `remove${name}`,
        summary: `Remove one of the ${kind.many}; refused while agents declare it, unless forced`,
        tag: "catalog",
        door: { by: "operator", permission: "catalog:write" },
        params: entryPath,
        query: removeQuery,
        answers: [
          { status: 200, description: "What was removed, and who has lost it", schema: entryRemoved },
        ],
      },
      async ({ services, asked, params, query }) => {
        const target = { kind: kind.one, name: params.name, workspace: query.workspace };
        return reply(await removeEntry(services.operations, asked, target, query.force === "true"));
      },
    ),
  ];
}

export const catalogRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "post",
      path: "/api/v1/tools",
      operationId: "addTool",
      summary: "Add a tool to the catalog",
      tag: "catalog",
      door: write,
      body: toolCreate,
      answers: [{ status: 201, description: "The tool", schema: tool }],
    },
    async ({ services, asked, body }) => reply(await addTool(services.operations, asked, body)),
  ),
  ...entryRoutes(
    { one: "tool", many: "tools", table: catalogTools },
    toolView,
    { item: tool, list: toolList, patch: toolPatch },
    toolColumns,
    refusedSchemas,
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/pools",
      operationId: "addPool",
      summary: "Add a pool of models to the catalog",
      tag: "catalog",
      door: write,
      body: poolCreate,
      answers: [{ status: 201, description: "The pool", schema: pool }],
    },
    async ({ services, asked, body }) => reply(await addPool(services.operations, asked, body)),
  ),
  ...entryRoutes(
    { one: "pool", many: "pools", table: catalogPools },
    poolView,
    { item: pool, list: poolList, patch: poolPatch },
    (patch) => patch,
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/integrations",
      operationId: "addIntegration",
      summary: "Add an integration to the catalog",
      tag: "catalog",
      door: write,
      body: integrationCreate,
      answers: [{ status: 201, description: "The integration", schema: integration }],
    },
    async ({ services, asked, body }) => reply(await addIntegration(services.operations, asked, body)),
  ),
  ...entryRoutes(
    { one: "integration", many: "integrations", table: catalogIntegrations },
    integrationView,
    { item: integration, list: integrationList, patch: integrationPatch },
    (patch) => patch,
  ),
];
