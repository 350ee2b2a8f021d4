/** The tools, pools and integrations that a workspace offers its agents. */
import { z } from "zod";
import { modelName, operationName } from "./resource.ts";
import { redactPaths, redactPatterns, redactUnreadable } from "./redaction.ts";
import { membersIn, setting } from "./settings.ts";
import {
  contextHeaders,
  credentialState,
  domeContext,
  forwardHeaders,
  maxOpenCalls,
  MOST_CALLS,
  NO_AUTH,
  toolKind,
  upstreamAuth,
} from "./upstream.ts";
import { id, line, list, name, page, proseLine, time, version } from "./words.ts";

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

const text = z.string().nullable();
const description = proseLine(1000).nullable();
const toolOperations = operations.nullable();
const toolSchemas = argumentSchemas.nullable();
const url = line(2048).nullable();
/** `given`: an operator gives the document itself. */
const openapi = line(2048).nullable();

/**
 * The settings of a tool that may change. This is the one table: every other place derives from it, or the compiler
 * checks it against this table.
 */
export const TOOL_SETTINGS = {
  description: setting(description, description.default(null), text),
  operations: setting(
    toolOperations,
    toolOperations
      .default(null)
      .meta({ description: "null: every operation; otherwise other operations are denied" }),
    z.array(z.string()).nullable(),
  ),
  clear_arguments: setting(
    z.boolean(),
    z
      .boolean()
      .default(false)
      .meta({ description: "true: arguments are recorded in clear, otherwise as a keyed digest" }),
    z.boolean(),
  ),
  argument_schemas: setting(
    toolSchemas,
    toolSchemas.default(null),
    z.record(z.string(), z.record(z.string(), z.unknown())).nullable(),
  ),
  url: setting(
    url,
    url
      .default(null)
      .meta({ description: "of the server behind a tool of the kind `mcp` or `http`; null: `local`" }),
    text.default(null),
  ),
  auth: setting(
    upstreamAuth,
    upstreamAuth.default(NO_AUTH).meta({ description: "how Dome authenticates to the server" }),
    upstreamAuth.default(NO_AUTH),
  ),
  forward_headers: setting(
    forwardHeaders,
    forwardHeaders
      .default([])
      .meta({ description: "headers that pass in both directions, besides those that always do" }),
    z.array(z.string()).default([]),
  ),
  dome_context: setting(
    domeContext.nullable(),
    domeContext
      .nullable()
      .default(null)
      .meta({ description: "null: calls carry no `Dome-Context`, the signed context of the call" }),
    domeContext.nullable().default(null),
  ),
  context_headers: setting(
    contextHeaders,
    contextHeaders.default([]).meta({
      description:
        "headers of the caller that are decided on, recorded, and part of `Dome-Context`; at most 256 visible ASCII characters each",
    }),
    contextHeaders.default([]),
  ),
  openapi: setting(
    openapi,
    openapi.default(null).meta({
      description:
        "of a tool of the kind `http`: the URL of its OpenAPI document, or `given` when an operator gives it to `refresh`; " +
        "null: no document describes it. With one, only operations that were pinned from it are allowed",
    }),
    text.default(null),
  ),
  additional_query: setting(
    z.boolean(),
    z.boolean().default(false).meta({
      description: "true: calls may have query parameters that the OpenAPI document does not declare",
    }),
    z.boolean().default(false),
  ),
  redact_paths: setting(
    redactPaths,
    redactPaths.default([]).meta({
      description:
        "members of answers that no agent gets: JSON Pointers (RFC 6901), in which `*` stands for any one member or item, and `**` for any number of them",
    }),
    z.array(z.string()).default([]),
  ),
  redact_patterns: setting(
    redactPatterns,
    redactPatterns.default([]).meta({
      description:
        "what no agent gets in texts of answers: `card_number`, `credential`, `email`, `iban`, or an expression between slashes",
    }),
    z.array(z.string()).default([]),
  ),
  redact_unreadable: setting(
    redactUnreadable,
    redactUnreadable.default("refuse").meta({
      description:
        "what becomes of an answer that is to be redacted and cannot be, as one with an image: `refuse`, or `pass` as it is",
    }),
    redactUnreadable.default("refuse"),
  ),
  max_open_calls: setting(
    maxOpenCalls,
    maxOpenCalls.default(MOST_CALLS).meta({
      description:
        "how many calls of the tool an isolate has open at once, streams included; one more gets `upstream_busy`",
    }),
    z.int().default(MOST_CALLS),
  ),
} as const;

export type ToolSettingName = keyof typeof TOOL_SETTINGS;

export const toolCreate = z
  .strictObject({
    name: common.name,
    workspace: common.workspace,
    kind: toolKind.default("local").meta({
      description: "local: the agent calls it itself, Dome only checks; mcp, http: Dome calls it",
    }),
    ...membersIn(TOOL_SETTINGS, "initial"),
  })
  .meta({ id: "ToolCreate" });
export type ToolCreate = z.output<typeof toolCreate>;

/** `PATCH /api/v1/tools/{name}`: what may change; the name and the kind stay. */
export const toolPatch = z
  .strictObject(membersIn(TOOL_SETTINGS, "asked"))
  .partial()
  .refine(changesSomething, { message: "must change something" })
  .meta({ id: "ToolPatch", minProperties: 1 });
export type ToolPatch = z.output<typeof toolPatch>;

export const tool = z
  .strictObject({
    id: id("tol"),
    ...entry,
    kind: toolKind,
    ...membersIn(TOOL_SETTINGS, "shown"),
    credential: credentialState.default("not_needed").meta({
      description: "whether Dome has a credential for the server; the credential is never shown",
    }),
    quarantined: z.int().min(0).default(0).meta({
      description:
        "how many of its operations are quarantined: calls of them are denied until an operator approves them",
    }),
  })
  .meta({ id: "Tool" });
export type Tool = z.output<typeof tool>;

export const poolCreate = z
  .strictObject({
    ...common,
    models: models
      .nullable()
      .default(null)
      .meta({ description: "null: every model; otherwise other models are denied" }),
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

/** `even_if_policies_break`: policies in force need not fit what the change leaves of the catalog. */
export const changeQuery = z.strictObject({
  workspace: name.optional(),
  even_if_policies_break: z
    .enum(["true", "false"])
    .default("false")
    .meta({ description: "make the change although policies in force no longer fit it" }),
});

/** `force`: remove it although agents declare it. Their calls to it are denied from then on. */
export const removeQuery = changeQuery.extend({
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
