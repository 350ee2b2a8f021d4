import { z } from "zod";
import {
  catalogQuery,
  changeQuery,
  entryRemoved,
  integrationCreate,
  integrationList,
  integrationPatch,
  poolCreate,
  poolList,
  poolPatch,
  removeQuery,
  toolCreate,
  toolList,
  toolPatch,
} from "../../contract/catalog.ts";
import { INTEGRATIONS, POOLS, TOOLS, type CatalogKind } from "../../operations/rules/catalog-kinds.ts";
import { addEntry, removeEntry, updateEntry } from "../../operations/change-catalog.ts";
import { listCatalog, showEntry } from "../../operations/read-catalog.ts";
import type { CatalogTable } from "../../registry/catalog.ts";
import { inWorkspace } from "../agent-path.ts";
import { ifMatchOf } from "../if-match.ts";
import { reply, versioned } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

const write = { by: "operator", permission: "catalog:write" } as const;
const read = { by: "operator", permission: "catalog:read" } as const;
const tag = "catalog";

const entryPath = z.strictObject({ name: z.string().max(63) });

interface Named {
  readonly name: string;
  readonly workspace?: string | undefined;
}

/** The routes of one kind of entries: add, list, show, change, remove. */
function entryRoutes<
  Table extends CatalogTable,
  Create extends Named,
  Patch extends object,
  View extends { readonly name: string; readonly version: number },
>(
  kind: CatalogKind<Table, Omit<Create, "workspace">, Patch, View>,
  schemas: {
    readonly create: z.ZodType<Create>;
    readonly patch: z.ZodType<Patch>;
    readonly list: z.ZodType;
  },
  add: string,
): Route[] {
  const { one } = kind;
  const many = `${one}s`;
  const path = `/api/v1/${many}`;
  const name = `${one[0]?.toUpperCase()}${one.slice(1)}`;
  return [
    problemRoute(
      {
        method: "post",
        path,
        operationId: `add${name}`,
        summary: add,
        tag,
        door: write,
        body: schemas.create,
        answers: [{ status: 201, description: `The ${one}`, schema: kind.schema }],
      },
      async ({ services, asked, body }) => reply(await addEntry(services.operations, asked, kind, body)),
    ),
    problemRoute(
      {
        method: "get",
        path,
        operationId: `list${name}s`,
        summary: `List the ${many} of a workspace`,
        tag,
        door: read,
        query: catalogQuery,
        answers: [{ status: 200, description: `A page of ${many}`, schema: schemas.list }],
      },
      async ({ services, asked, query }) => reply(await listCatalog(services.operations, asked, kind, query)),
    ),
    problemRoute(
      {
        method: "get",
        path: `${path}/{name}`,
        operationId: `show${name}`,
        summary: `Show one of the ${many}`,
        tag,
        door: read,
        params: entryPath,
        query: z.strictObject(inWorkspace),
        answers: [{ status: 200, description: `The ${one}`, schema: kind.schema }],
      },
      async ({ services, asked, params, query: { workspace } }) =>
        versioned(await showEntry(services.operations, asked, kind, { name: params.name, workspace })),
    ),
    problemRoute(
      {
        method: "patch",
        path: `${path}/{name}`,
        operationId: `update${name}`,
        conditional: true,
        summary: `Change one of the ${many}; its name stays`,
        tag,
        door: write,
        params: entryPath,
        query: changeQuery,
        body: schemas.patch,
        answers: [{ status: 200, description: `The ${one}`, schema: kind.schema }],
      },
      async ({ services, asked, params, query: { workspace, even_if_policies_break }, body, http }) => {
        const ifMatch = ifMatchOf(http);
        if (!ifMatch.ok) return ifMatch;
        const evenIfPoliciesBreak = even_if_policies_break === "true";
        const target = { name: params.name, workspace, ifMatch: ifMatch.value, evenIfPoliciesBreak };
        return reply(await updateEntry(services.operations, asked, kind, target, body));
      },
    ),
    problemRoute(
      {
        method: "delete",
        path: `${path}/{name}`,
        operationId: `remove${name}`,
        conditional: true,
        summary: `Remove one of the ${many}; refused while agents declare it, unless forced`,
        tag,
        door: write,
        params: entryPath,
        query: removeQuery,
        answers: [
          {
            status: 200,
            description: "The removed entry, and the agents that lose it",
            schema: entryRemoved,
          },
        ],
      },
      async ({ services, asked, params, query: { workspace, force, even_if_policies_break }, http }) => {
        const ifMatch = ifMatchOf(http);
        if (!ifMatch.ok) return ifMatch;
        const evenIfPoliciesBreak = even_if_policies_break === "true";
        const target = { name: params.name, workspace, ifMatch: ifMatch.value, evenIfPoliciesBreak };
        return reply(await removeEntry(services.operations, asked, kind, target, force === "true"));
      },
    ),
  ];
}

export const catalogRoutes: readonly Route[] = [
  ...entryRoutes(
    TOOLS,
    { create: toolCreate, patch: toolPatch, list: toolList },
    "Add a tool to the catalog",
  ),
  ...entryRoutes(
    POOLS,
    { create: poolCreate, patch: poolPatch, list: poolList },
    "Add a pool of models to the catalog",
  ),
  ...entryRoutes(
    INTEGRATIONS,
    { create: integrationCreate, patch: integrationPatch, list: integrationList },
    "Add an integration to the catalog",
  ),
];
