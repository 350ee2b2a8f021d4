/** The kinds of catalog entries: what tells them apart for the use cases, which are the same for all of them. */
import type { z } from "zod";
import {
  integration,
  pool,
  tool,
  type Integration,
  type IntegrationCreate,
  type IntegrationPatch,
  type Pool,
  type PoolCreate,
  type PoolPatch,
  type Tool,
  type ToolCreate,
  type ToolPatch,
} from "../../contract/catalog.ts";
import { defined } from "../../kernel/defined.ts";
import type { CatalogChange, EntryKind } from "../../registry/catalog-writes.ts";
import { integrationView, poolView, toolView, type CatalogTable } from "../../registry/catalog.ts";
import { catalogIntegrations, catalogPools, catalogTools } from "../../storage/tables/catalog.ts";
import { refusedSchemas } from "./argument-schemas.ts";
import type { Refusal } from "../answer/refusal.ts";

export interface CatalogKind<Table extends CatalogTable, Create, Patch, View> {
  readonly one: EntryKind;
  readonly table: Table;
  readonly id: "tol" | "pol" | "int";
  readonly schema: z.ZodType<View>;
  view(row: Table["$inferSelect"]): View;
  /** The members of a request as the columns they are kept in; what is absent does not change. */
  columns(members: Create | Patch): Partial<Table["$inferSelect"]>;
  /** Why an entry, as it would be, may not be kept. */
  refuse(row: Table["$inferSelect"]): Refusal | undefined;
  adding(row: Table["$inferSelect"]): CatalogChange;
}

/** Without the member that says where. */
type Members<Create> = Omit<Create, "workspace">;

export const TOOLS: CatalogKind<typeof catalogTools, Members<ToolCreate>, ToolPatch, Tool> = {
  one: "tool",
  table: catalogTools,
  id: "tol",
  schema: tool,
  view: toolView,
  columns: ({ clear_arguments: clearArguments, argument_schemas: argumentSchemas, ...rest }) =>
    defined({ ...rest, clearArguments, argumentSchemas }),
  refuse: refusedSchemas,
  adding: (row) => ({ act: "add", kind: "tool", row }),
};

export const POOLS: CatalogKind<typeof catalogPools, Members<PoolCreate>, PoolPatch, Pool> = {
  one: "pool",
  table: catalogPools,
  id: "pol",
  schema: pool,
  view: poolView,
  columns: (members) => defined(members),
  refuse: () => undefined,
  adding: (row) => ({ act: "add", kind: "pool", row }),
};

export const INTEGRATIONS: CatalogKind<
  typeof catalogIntegrations,
  Members<IntegrationCreate>,
  IntegrationPatch,
  Integration
> = {
  one: "integration",
  table: catalogIntegrations,
  id: "int",
  schema: integration,
  view: integrationView,
  columns: (members) => defined(members),
  refuse: () => undefined,
  adding: (row) => ({ act: "add", kind: "integration", row }),
};
