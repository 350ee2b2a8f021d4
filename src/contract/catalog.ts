/** The tools, pools and integrations that a workspace offers its agents. */
import { z } from "zod";
import { modelName, operationName } from "./resource.ts";
import { id, list, name, page, proseLine, time, version } from "./words.ts";

const common = {
  name,
  workspace: name.optional().meta({ description: "default: the token's only workspace, else `default`" }),
  description: proseLine(1000).nullable().default(null),
};
/** JSON Schema 2020-12 or draft 7, by operation. The contents of a schema are checked by the code that compiles it. */
const argumentSchemas = z.record(operationName, z.record(z.string(), z.unknown())).meta({
  description:
    "JSON Schema 2020-12 or draft 7 by operation; arguments that do not match are denied. At most 32 KiB each, 128 KiB in all",
});
const unique = (items: readonly string[]): boolean => new Set(items).size === items.length;
const TWICE = { message: "must not name anything twice" };
const operations = z.array(operationName).max(500).refine(unique, TWICE);
const models = z.array(modelName).max(100).refine(unique, TWICE);
const changesSomething = (patch: object): boolean => Object.keys(patch).length > 0;
const entry = {
  name,
  workspace_id: id("wsp"),
  description: z.string().nullable(),
  created_at: time,
  version,
};

export const toolCreate = z
  .strictObject({
    ...common,
    kind: z
      .literal("local")
      .default("local")
      .meta({ description: "the agent calls it itself, Dome only checks" }),
    operations: operations
      .nullable()
      .default(null)
      .meta({ description: "null: any operation; otherwise others are denied" }),
    clear_arguments: z
      .boolean()
      .default(false)
      .meta({ description: "true: arguments are recorded in clear, otherwise as a keyed digest" }),
    argument_schemas: argumentSchemas.nullable().default(null),
  })
  .meta({ id: "ToolCreate" });
export type ToolCreate = z.output<typeof toolCreate>;

/** `PATCH /api/v1/tools/{name}`: what may change; the name stays. */
export const toolPatch = z
  .strictObject({
    description: proseLine(1000).nullable(),
    operations: operations.nullable(),
    clear_arguments: z.boolean(),
    argument_schemas: argumentSchemas.nullable(),
  })
  .partial()
  .refine(changesSomething, { message: "must change something" })
  .meta({ id: "ToolPatch", minProperties: 1 });
export type ToolPatch = z.output<typeof toolPatch>;

export const tool = z
  .strictObject({
    id: id("tol"),
    ...entry,
    kind: z.literal("local"),
    operations: z.array(z.string()).nullable(),
    clear_arguments: z.boolean(),
    argument_schemas: z.record(z.string(), z.record(z.string(), z.unknown())).nullable(),
  })
  .meta({ id: "Tool" });
export type Tool = z.output<typeof tool>;

export const poolCreate = z
  .strictObject({
    ...common,
    models: models
      .nullable()
      .default(null)
      .meta({ description: "null: any model; otherwise others are denied" }),
  })
  .meta({ id: "PoolCreate" });
export type PoolCreate = z.output<typeof poolCreate>;

/** `PATCH /api/v1/pools/{name}`. */
export const poolPatch = z
  .strictObject({ description: proseLine(1000).nullable(), models: models.nullable() })
  .partial()
  .refine(changesSomething, { message: "must change something" })
  .meta({ id: "PoolPatch", minProperties: 1 });
export type PoolPatch = z.output<typeof poolPatch>;

export const pool = z
  .strictObject({ id: id("pol"), ...entry, models: z.array(z.string()).nullable() })
  .meta({ id: "Pool" });
export type Pool = z.output<typeof pool>;

export const integrationCreate = z.strictObject(common).meta({ id: "IntegrationCreate" });
export type IntegrationCreate = z.output<typeof integrationCreate>;

/** `PATCH /api/v1/integrations/{name}`. */
export const integrationPatch = z
  .strictObject({ description: proseLine(1000).nullable() })
  .partial()
  .refine(changesSomething, { message: "must change something" })
  .meta({ id: "IntegrationPatch", minProperties: 1 });
export type IntegrationPatch = z.output<typeof integrationPatch>;

export const integration = z.strictObject({ id: id("int"), ...entry }).meta({ id: "Integration" });
export type Integration = z.output<typeof integration>;

export const toolList = list(tool).meta({ id: "ToolList" });
export const poolList = list(pool).meta({ id: "PoolList" });
export const integrationList = list(integration).meta({ id: "IntegrationList" });

export const catalogQuery = z.strictObject({ ...page, workspace: name.optional() });

/** `force`: remove it although agents declare it. Their calls to it are denied from then on. */
export const removeQuery = z.strictObject({
  workspace: name.optional(),
  force: z.enum(["true", "false"]).default("false"),
});

/** The removed entry, and the agents that declared it. */
export const entryRemoved = z
  .strictObject({
    name,
    removed: z.literal(true),
    lost_by: z.array(z.strictObject({ agent: id("agt"), name, declared: z.array(z.string()) })),
  })
  .meta({ id: "EntryRemoved" });
export type EntryRemoved = z.output<typeof entryRemoved>;
