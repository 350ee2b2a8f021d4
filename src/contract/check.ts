/** The question that an agent asks before it acts, and the decision that it gets. */
import { z } from "zod";
import { shadowed } from "./decided-on.ts";
import { decisionReason, layer } from "./reasons.ts";
import { MAX_REFERENCE_LENGTH, modelReference, toolReference } from "./resource.ts";
import { id, name, time } from "./words.ts";

/** `http:call`, `mcp:call`: through a door of Dome. `check` asks the same with `tool:use`. */
export const action = z.enum([
  "tool:use",
  "http:call",
  "mcp:call",
  "llm:chat",
  "llm:embed",
  "integration:use",
]);
export type Action = z.output<typeof action>;

const SUBJECTS = ["tool", "model", "integration", "action"] as const;

/** `POST /api/v1/check`: exactly one of tool, model, integration, or action with resource. */
export const checkRequest = z
  .strictObject({
    tool: toolReference.optional(),
    model: modelReference.optional(),
    integration: name.optional(),
    action: action.optional(),
    resource: z.string().max(MAX_REFERENCE_LENGTH).optional(),
    arguments: z.record(z.string(), z.unknown()).optional(),
  })
  .refine((body) => SUBJECTS.filter((member) => body[member] !== undefined).length === 1, {
    message: "must name exactly one of tool, model, integration, or action with resource",
  })
  .refine((body) => (body.action === undefined) === (body.resource === undefined), {
    message: "action and resource go together",
    path: ["resource"],
  })
  .meta({ id: "CheckRequest" });
export type CheckRequest = z.output<typeof checkRequest>;

/** What would turn a deny into an allow. Agents get it without the command. */
export const change = z
  .strictObject({ detail: z.string(), command: z.string().nullable(), role: z.string().nullable() })
  .meta({ id: "Change" });
export type Change = z.output<typeof change>;

const outcome = z.enum(["allow", "deny"]);
/** Why a decision is as it is. */
const grounds = {
  reason: decisionReason,
  layer,
  detail: z.string(),
  change: change.nullable(),
  policies: z.array(z.string()),
  bundle_version: z.string(),
};

export const decision = z
  .strictObject({
    decision: outcome,
    decision_id: id("dec"),
    ...grounds,
    txn: id("txn"),
    request_id: z.string(),
  })
  .meta({ id: "Decision" });
export type Decision = z.output<typeof decision>;

/** The most events that an explanation shows: those that were reported first. */
export const MOST_EXPLAINED = 100;

/** The events that an agent reported about itself, by record id. */
const selfReport = z.strictObject({
  id: id("evt"),
  time,
  agent: id("agt"),
  kind: z.string(),
  event: z.object({}).loose().meta({ description: "as it was taken: a ReportedEvent" }),
});

/** How a call that was let through ended. */
const callOutcome = z.strictObject({
  record: id("evt").meta({ description: "the record of the outcome" }),
  time,
  outcome: z.string().meta({ description: "`completed`, `failed`, `cut`, `not_admitted` or `unknown`" }),
  reason: z.string().nullable().meta({ description: "why it did not complete" }),
  who: z.string().nullable().meta({ description: "whose fault that was" }),
  status: z.int().nullable().meta({ description: "the HTTP status of the tool's server" }),
  latency_ms: z.number().nullable(),
  sent: z.int().nullable().meta({ description: "bytes that the server was sent" }),
  received: z.int().nullable().meta({ description: "bytes of its answer" }),
});

/** A recorded decision: the request, the caller, and the reason for the result. */
export const explanation = z
  .strictObject({
    decision: z.enum(["allow", "deny"]),
    decision_id: id("dec"),
    time,
    workspace_id: id("wsp"),
    agent: id("agt"),
    chain: z.array(z.strictObject({ agent: id("agt"), key: z.string(), epoch: z.int().optional() })),
    user: z
      .strictObject({ id: z.string(), email: z.string().nullable() })
      .nullable()
      .default(null)
      .meta({ description: "the user of the call; the e-mail address is shown to operators only" }),
    names: z
      .record(z.string(), z.string())
      .default({})
      .meta({ description: "the names of the agents, and for operators of the workspace, by id" }),
    action: z.string(),
    resource: z.string(),
    reason: z.string(),
    layer,
    detail: z.string(),
    change: change.nullable(),
    policies: z.array(z.string()),
    bundle_version: z.string(),
    txn: z.string().nullable(),
    request_id: z.string().nullable(),
    released: z
      .boolean()
      .meta({ description: "false: the answer was withheld, because the caller was stopped" }),
    headers: z
      .record(z.string(), z.string())
      .default({})
      .meta({ description: "the headers that the tool's entry names, as they were decided on" }),
    shadow: shadowed.nullable().default(null).meta({
      description: "what a version in shadow would have decided otherwise; shown to operators only",
    }),
    outcome: callOutcome
      .nullable()
      .default(null)
      .meta({ description: "of a call of a tool; null: none is recorded" }),
    seq: z.int(),
    reported: z
      .array(selfReport)
      .default([])
      .meta({
        description: `what agents of the chain have reported of it, the first ${MOST_EXPLAINED}: their word; an agent sees its own of these`,
      }),
  })
  .meta({ id: "Explanation" });
export type Explanation = z.output<typeof explanation>;

/** The steps of a decision, in their order. */
const STEP_NAMES = [
  "scope",
  "surface",
  "catalog",
  "schema",
  "arguments",
  "headers",
  "act_as",
  "provider",
  "tier",
  "policy",
] as const;
export type StepName = (typeof STEP_NAMES)[number];

/** `POST /api/v1/decisions`: what would be decided now, if the agent asked this. */
export const whatIfRequest = z
  .strictObject({
    agent: z.string().min(1).max(63).meta({ description: "id, or name in the workspace" }),
    workspace: name.optional(),
    tool: toolReference.optional(),
    model: modelReference.optional(),
    integration: name.optional(),
    arguments: z.record(z.string(), z.unknown()).optional(),
    user: z
      .strictObject({
        provider: name.meta({ description: "the identity provider that would have verified the user" }),
        email: z.string().max(320).optional(),
        groups: z.array(z.string().max(256)).max(100).optional(),
      })
      .optional()
      .meta({ description: "the end user of the call; a question about a person is recorded" }),
  })
  .refine(
    (body) => [body.tool, body.model, body.integration].filter((each) => each !== undefined).length === 1,
    { message: "must name exactly one of tool, model and integration" },
  )
  .meta({ id: "WhatIfRequest" });
export type WhatIfRequest = z.output<typeof whatIfRequest>;

export const whatIf = z
  .strictObject({
    decision: outcome,
    ...grounds,
    agent: id("agt"),
    action: z.string(),
    resource: z.string(),
    steps: z.array(
      z.strictObject({
        step: z.enum(STEP_NAMES),
        outcome: z.enum(["passed", "denied", "not_reached"]),
      }),
    ),
  })
  .meta({ id: "WhatIf" });
export type WhatIf = z.output<typeof whatIf>;
