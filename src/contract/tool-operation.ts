/** The operations of the server behind a tool: pinned as they were approved, quarantined when they differ. */
import { z } from "zod";
import { operationName } from "./resource.ts";
import { id, list, name, time } from "./words.ts";

/** 2026-07-28, "Tool Names". */
export const MCP_TOOL_NAME_PATTERN = "[A-Za-z0-9_.-]{1,128}";

/**
 * `new`: never approved. `changed`: the server now gives another definition. `gone`: it no longer lists the operation.
 * `moved`: the tool has another address since, where the same name may mean another thing.
 */
const quarantineReason = z.enum(["new", "changed", "gone", "moved"]);
export type QuarantineReason = z.output<typeof quarantineReason>;

const definitionHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits")
  .meta({
    description:
      "SHA-256 of the canonical form of name, title, description, schemas and annotations, or for HTTP the request",
  });

const members = {
  name: operationName,
  tool: name,
  state: z.enum(["pinned", "quarantined"]),
  why: quarantineReason.nullable().meta({ description: "of a quarantine" }),
  hash: definitionHash
    .nullable()
    .meta({ description: "of the approved definition; null: none was approved at the tool's address" }),
  pending_hash: definitionHash.nullable().meta({ description: "of the definition that waits for approval" }),
  read_only: z
    .boolean()
    .meta({ description: "reviewed: it changes nothing. What the server says is a hint" }),
  destructive: z.boolean().meta({ description: "reviewed: it may destroy something" }),
  unusable: z.string().nullable().default(null).meta({
    description:
      "why no call of it can be checked, so that each is denied, in words that follow 'the operation'; null: calls can be checked",
  }),
  approved_by: z.string().nullable(),
  approved_at: time.nullable(),
};

export const toolOperation = z.strictObject(members).meta({ id: "ToolOperation" });
export type ToolOperation = z.output<typeof toolOperation>;

export const toolOperationList = list(toolOperation).meta({ id: "ToolOperationList" });
export type ToolOperationList = z.output<typeof toolOperationList>;

const definition = z.record(z.string(), z.unknown()).nullable();

/** `GET /api/v1/tools/{name}/operations/{operation}`: what was approved beside what the server says now. */
export const toolOperationDetail = z
  .strictObject({
    ...members,
    definition,
    pending: definition,
    differences: z.array(z.string()).meta({ description: "in words, at most 50" }),
  })
  .meta({ id: "ToolOperationDetail" });
export type ToolOperationDetail = z.output<typeof toolOperationDetail>;

/** `POST …/approve`. */
export const operationApproval = z
  .strictObject({
    hash: definitionHash.meta({ description: "of the definition that was looked at" }),
    read_only: z.boolean().optional(),
    destructive: z.boolean().optional(),
  })
  .meta({ id: "OperationApproval" });
export type OperationApproval = z.output<typeof operationApproval>;

const named = z.strictObject({ name: z.string(), why: z.string() });

/** The body of `POST /api/v1/tools/{name}/refresh`: an OpenAPI document, for a tool whose document is `given`. */
export const toolRefresh = z
  .strictObject({ document: z.record(z.string(), z.unknown()).optional() })
  .meta({ id: "ToolRefresh" });
export type ToolRefresh = z.output<typeof toolRefresh>;

/** The answer of `POST /api/v1/tools/{name}/refresh`. */
export const toolRefreshed = z
  .strictObject({
    id: id("tol"),
    tool: name,
    era: z
      .enum(["modern", "legacy"])
      .nullable()
      .meta({ description: "of the protocol that an MCP server speaks; null for HTTP" }),
    pinned: z.int().min(0).meta({ description: "how many operations are pinned now" }),
    quarantined: z.array(z.strictObject({ name: operationName, why: quarantineReason })),
    restored: z
      .array(operationName)
      .meta({ description: "whose quarantine has ended, because the approved definition is back" }),
    unusable: z
      .array(named)
      .meta({ description: "what the server lists and cannot be called, each with the reason in words" }),
    not_for_models: z.array(named).default([]).meta({
      description:
        "operations of an MCP server whose names the APIs of models refuse, each with the reason in words; they can be called",
    }),
  })
  .meta({ id: "ToolRefreshed" });
export type ToolRefreshed = z.output<typeof toolRefreshed>;

/** `POST /api/v1/tools/{name}/test`: each step that was tried, up to the first that failed. */
export const toolTest = z
  .strictObject({
    name,
    ok: z.boolean(),
    steps: z.array(
      z.strictObject({
        what: z.enum(["address", "credential", "server", "operations"]),
        ok: z.boolean(),
        who: z.enum(["dome", "upstream"]).nullable().meta({ description: "which side failed; null: none" }),
        detail: z.string().meta({ description: "in words, without secrets" }),
      }),
    ),
  })
  .meta({ id: "ToolTest" });
export type ToolTest = z.output<typeof toolTest>;
