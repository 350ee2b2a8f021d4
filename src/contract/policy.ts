/**
 * Policies: Cedar, in bundles. A bundle belongs to the organization, to a workspace, a tier or an agent. It has
 * numbered versions that never change, of which at most one is in force.
 */
import { z } from "zod";
import { countInput, id, list, name, NAME_PATTERN, proseLine, time, timeInput } from "./words.ts";

const POLICY_SCOPES = ["organization", "workspace", "tier", "agent"] as const;
export type PolicyScopeKind = (typeof POLICY_SCOPES)[number];

/** The longest source of a version, in bytes of UTF-8: the source and what is made of it fit into a row of D1, 2 MB. */
export const MOST_BUNDLE_BYTES = 524_288;

/** A bundle, as a path names it. The workspace of the last two is a parameter of its own. */
export const policyScope = z
  .string()
  .regex(
    new RegExp(`^(?:organization|workspace|tier:${NAME_PATTERN}|agent:${NAME_PATTERN})$`),
    "must be organization, workspace, tier:NAME or agent:NAME",
  )
  .meta({ example: "agent:support-triage" });

const policyVersionNumber = z.int().min(1).max(1_000_000_000);

const whose = {
  scope: z.enum(POLICY_SCOPES),
  name: name.nullable().meta({ description: "of the workspace, tier or agent; null for the organization" }),
  workspace: name.nullable().meta({ description: "null for the organization and for tiers" }),
};

/** A bundle. */
export const policyBundle = z
  .strictObject({
    ...whose,
    active: policyVersionNumber.nullable().meta({ description: "the version in force; null: none" }),
    previous: policyVersionNumber
      .nullable()
      .meta({ description: "the version that was in force before, which a rollback takes; null: none" }),
    latest: policyVersionNumber.meta({ description: "the newest version" }),
    shadow: policyVersionNumber
      .nullable()
      .meta({ description: "the version that is evaluated beside the one in force; null: none" }),
    activated_by: z.string().nullable(),
    activated_at: time.nullable(),
  })
  .meta({ id: "PolicyBundle" });
export type PolicyBundle = z.output<typeof policyBundle>;

export const policyBundleList = list(policyBundle).meta({ id: "PolicyBundleList" });

const version = {
  ...whose,
  version: policyVersionNumber,
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .meta({ description: "of the source" }),
  policies: z.int().min(0).meta({ description: "how many policies it has" }),
  message: z.string().nullable(),
  pushed_by: z.string(),
  pushed_at: time,
  active: z.boolean().meta({ description: "whether it is in force" }),
};

export const policyVersion = z.strictObject(version).meta({ id: "PolicyVersion" });
export type PolicyVersion = z.output<typeof policyVersion>;

export const policyVersionList = list(policyVersion).meta({ id: "PolicyVersionList" });

/** A version with its text. */
export const policyVersionDetail = z
  .strictObject({ ...version, source: z.string() })
  .meta({ id: "PolicyVersionDetail" });
export type PolicyVersionDetail = z.output<typeof policyVersionDetail>;

const source = z
  .string()
  .max(MOST_BUNDLE_BYTES, `must have at most ${MOST_BUNDLE_BYTES} bytes`)
  .meta({ description: "policies in Cedar's language; empty: no policy" });

/** The body of `POST /api/v1/policies/{scope}/versions`. */
export const policyPush = z
  .strictObject({
    source,
    message: proseLine(200).optional().meta({ description: "what changed, and why" }),
  })
  .meta({ id: "PolicyPush" });
export type PolicyPush = z.output<typeof policyPush>;

/** The body of `POST /api/v1/policies/{scope}/validate`. */
export const policySource = z.strictObject({ source }).meta({ id: "PolicySource" });

/** The body of `POST /api/v1/policies/{scope}/activate`. */
export const policyActivate = z
  .strictObject({
    version: policyVersionNumber.optional().meta({ description: "absent: the newest version" }),
  })
  .meta({ id: "PolicyActivate" });

/** The answer of `activate` and `rollback`. */
export const policyActivated = z
  .strictObject({
    ...whose,
    version: policyVersionNumber.nullable().meta({ description: "the version in force; null: none" }),
    replaced: policyVersionNumber.nullable().meta({ description: "the version that was in force before" }),
    changed: z.boolean().meta({ description: "false: this version was in force already" }),
    effective_in_ms: z
      .int()
      .min(0)
      .meta({ description: "after this time no decision is made by the version before" }),
  })
  .meta({ id: "PolicyActivated" });
export type PolicyActivated = z.output<typeof policyActivated>;

/** The body of `POST /api/v1/policies/{scope}/shadow`. */
export const policyShadow = z
  .strictObject({ version: policyVersionNumber.nullable().meta({ description: "null: none from now on" }) })
  .meta({ id: "PolicyShadow" });

/** The answer of it. */
export const policyShadowed = z
  .strictObject({
    ...whose,
    shadow: policyVersionNumber.nullable().meta({ description: "the version in shadow; null: none" }),
    replaced: policyVersionNumber.nullable().meta({ description: "the version that was in shadow before" }),
    changed: z.boolean().meta({ description: "false: it was so already" }),
    effective_in_ms: z
      .int()
      .min(0)
      .meta({ description: "after this time no decision is recorded otherwise" }),
  })
  .meta({ id: "PolicyShadowed" });
export type PolicyShadowed = z.output<typeof policyShadowed>;

/** What is wrong in a text, and where. */
const policyFault = z
  .strictObject({
    line: z.int().min(1),
    column: z.int().min(1),
    policy: z.string().nullable().meta({ description: "the id of the policy; null: it has none yet" }),
    detail: z.string(),
    hint: z.string().nullable().meta({ description: "what to write instead" }),
  })
  .meta({ id: "PolicyFault" });
export type PolicyFault = z.output<typeof policyFault>;

/** The answer of `POST /api/v1/policies/{scope}/validate`. */
export const policyValidation = z
  .strictObject({
    valid: z.boolean(),
    faults: z.array(policyFault).meta({ description: "what stops the text from being pushed" }),
    warnings: z.array(policyFault).meta({ description: "what is allowed, and seldom meant" }),
    policies: z.array(
      z.strictObject({
        id: z.string(),
        effect: z.enum(["permit", "forbid"]),
        reason: z.string().nullable(),
        line: z.int().min(1),
      }),
    ),
    digest: z.string().nullable().meta({ description: "null: the text is not valid" }),
  })
  .meta({ id: "PolicyValidation" });
export type PolicyValidation = z.output<typeof policyValidation>;

/** The most recorded calls that one request decides again. */
export const MOST_REPLAYED = 100;

/** The body of `POST /api/v1/policies/{scope}/replay`: a text or a version, and a range of time. */
export const policyReplay = z
  .strictObject({
    source: source.optional(),
    version: policyVersionNumber.optional(),
    since: timeInput,
    until: timeInput.optional(),
    limit: countInput(1, MOST_REPLAYED).default(MOST_REPLAYED),
    cursor: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be the next_cursor of the page before")
      .optional(),
  })
  .refine(({ source: text, version: number }) => (text === undefined) !== (number === undefined), {
    message: "must have exactly one of source and version",
  })
  .meta({ id: "PolicyReplay" });
export type PolicyReplay = z.output<typeof policyReplay>;

/** A decision by policies. */
const byPolicies = {
  decision: z.enum(["allow", "deny"]),
  reason: z.string(),
  detail: z.string(),
  policies: z.array(z.string()),
};

/** A recorded call that policies decide in two ways. */
const changedCall = z.strictObject({
  decision_id: id("dec"),
  time,
  agent: id("agt"),
  agent_name: name,
  action: z.string(),
  resource: z.string(),
  recorded: z.enum(["allow", "deny"]).meta({ description: "what was decided at the time" }),
  before: z.strictObject(byPolicies).meta({ description: "by the policies that are in force now" }),
  after: z.strictObject(byPolicies).meta({ description: "with the draft in force" }),
  assumed: z
    .boolean()
    .meta({ description: "an agent of the chain has changed since, and was taken as it is now" }),
});

export type ChangedCall = z.output<typeof changedCall>;

const REPLAY_GAPS = ["arguments", "groups", "erased", "resource_gone", "not_recorded"] as const;
export type ReplayGap = (typeof REPLAY_GAPS)[number];

/** The answer of it: a page of recorded calls, the newest first. */
export const policyReplayed = z
  .strictObject({
    replayed: z.int().min(0).meta({ description: "calls that were decided again" }),
    changed: z.array(changedCall).meta({ description: "those that the draft decides otherwise" }),
    drifted: z.int().min(0).meta({
      description: "calls that the policies in force decide otherwise than was decided at the time",
    }),
    skipped: z
      .array(
        z.strictObject({
          gap: z.enum(REPLAY_GAPS).meta({ description: "what the record lacks" }),
          resource: z.string(),
          calls: z.int().min(1),
        }),
      )
      .meta({ description: "calls that could not be decided again" }),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: "PolicyReplayed" });
export type PolicyReplayed = z.output<typeof policyReplayed>;
