/** The kinds of catalog entries: the differences between them for the use cases, which all of them share. */
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
import { UNKNOWN_WORLD, type PolicyWorld } from "../../policy/policy-world.ts";
import {
  integrationView,
  offeredTool,
  poolView,
  toolView,
  type CatalogTable,
} from "../../registry/catalog.ts";
import { catalogIntegrations, catalogPools, catalogTools } from "../../storage/tables/catalog.ts";
import { operationsOf, type ToolOperationRow } from "../../registry/tool-operations.ts";
import { keptToolSettings } from "../../registry/tool-settings.ts";
import type { Database } from "../../storage/client.ts";
import { offered } from "./policy-world.ts";
import { refusedSchemas } from "./argument-schemas.ts";
import { isMoved, refusedUpstream, type UpstreamRules } from "./tool-upstreams.ts";
import type { Refusal } from "../answer/refusal.ts";

export interface CatalogKind<Table extends CatalogTable, Create, Patch, View> {
  readonly one: EntryKind;
  readonly table: Table;
  readonly id: "tol" | "pol" | "int";
  readonly schema: z.ZodType<View>;
  view(row: Table["$inferSelect"]): View;
  /** Maps the members of a request to their columns; an absent member does not change. */
  columns(members: Create | Patch): Partial<Table["$inferSelect"]>;
  /**
   * The refusal of an entry as it would be after the change; undefined when it is acceptable.
   * @param before the entry before the change; null when it is added.
   */
  refuse(
    row: Table["$inferSelect"],
    before: Table["$inferSelect"] | null,
    rules: UpstreamRules,
  ): Refusal | undefined;
  adding(row: Table["$inferSelect"]): CatalogChange;
  /** The operations of the server behind an entry; none where there is no server. */
  operations(db: Database, row: Table["$inferSelect"]): Promise<readonly ToolOperationRow[]>;
  /** What policies may say of an entry; of none: null. */
  world(row: Table["$inferSelect"] | null, operations: readonly ToolOperationRow[]): PolicyWorld;
  /** The operations whose approvals lapse with a change; none for most changes. */
  lapsed(
    db: Database,
    before: Table["$inferSelect"],
    after: Table["$inferSelect"],
  ): Promise<readonly string[]>;
}

/** Without the member that names the workspace. */
type Members<Create> = Omit<Create, "workspace">;

export const TOOLS: CatalogKind<typeof catalogTools, Members<ToolCreate>, ToolPatch, Tool> = {
  one: "tool",
  table: catalogTools,
  id: "tol",
  schema: tool,
  view: toolView,
  columns: (members) =>
    "kind" in members
      ? { name: members.name, kind: members.kind, secrets: 0, quarantined: 0, ...keptToolSettings(members) }
      : keptToolSettings(members),
  refuse: (row, before, rules) => refusedSchemas(row) ?? refusedUpstream(row, before, rules),
  adding: (row) => ({ act: "add", kind: "tool", row }),
  operations: (db, { id, kind }) => (kind === "local" ? Promise.resolve([]) : operationsOf(db, id)),
  world: (row, operations) => ({
    ...UNKNOWN_WORLD,
    tools: new Map(row === null ? [] : [[row.name, offered(offeredTool(row, operations))]]),
  }),
  lapsed: async (db, before, after) =>
    isMoved(before, after) ? (await operationsOf(db, before.id)).map(({ name }) => name) : [],
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
  operations: () => Promise.resolve([]),
  world: (row) => ({ ...UNKNOWN_WORLD, pools: new Map(row === null ? [] : [[row.name, row]]) }),
  lapsed: () => Promise.resolve([]),
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
  operations: () => Promise.resolve([]),
  world: (row) => ({ ...UNKNOWN_WORLD, integrations: new Set(row === null ? [] : [row.name]) }),
  lapsed: () => Promise.resolve([]),
};
