/** Operators: people and jobs on the control plane. Each has a token with a role, an expiry, and optional bounds. */
import { z } from "zod";
import { ROLES } from "./roles.ts";
import { id, list, name, page, principal, proseLine, time, timeInput, version } from "./words.ts";

const DAY_MS = 86_400_000;
/** The default life of a token. */
export const DEFAULT_LIFE_MS = 90 * DAY_MS;
/** The longest life of a token. */
export const LONGEST_LIFE_MS = 365 * DAY_MS;
/** How long a replaced token stays valid. */
const LONGEST_OVERLAP_S = 7 * 86_400;

/** Names that Dome itself uses in the ledger. No operator may have one of them. */
const RESERVED_SUBJECTS: readonly string[] = ["admin", "dome"];

const operatorRole = z.enum(ROLES);

/** The values that a successor inherits from the token it replaces, so that a rotation never adds rights. */
const OF_THE_REPLACED = ["subject", "role", "description", "workspaces"] as const;

export const operatorCreate = z
  .strictObject({
    subject: principal
      .refine((subject) => !RESERVED_SUBJECTS.includes(subject), {
        message: "is reserved for Dome itself: choose another subject",
      })
      .optional()
      .meta({
        description: "the name of the person or job, for instance an e-mail address; the ledger records it",
      }),
    role: operatorRole.optional(),
    description: proseLine(1000).nullable().optional(),
    workspaces: z
      .array(name)
      .min(1)
      .max(100)
      .refine((names) => new Set(names).size === names.length, { message: "must not name anything twice" })
      .nullable()
      .optional()
      .meta({ description: "null: all workspaces, and the organization" }),
    expires_at: timeInput.optional().meta({
      description: "default: 90 days, or the life of the replaced token; at most one year ahead",
    }),
    replaces: id("opt").optional().meta({
      description: "this token ends after the overlap; subject, role, description and workspaces are its own",
    }),
    overlap_seconds: z
      .int()
      .min(0)
      .max(LONGEST_OVERLAP_S)
      .default(0)
      .meta({ description: "how long the replaced token stays valid; 0: it is revoked now" }),
  })
  .superRefine((body, context) => {
    const say = (member: string, message: string): void =>
      context.addIssue({ code: "custom", path: [member], message });
    if (body.replaces === undefined) {
      if (body.subject === undefined) say("subject", "is missing: name the person or job");
      if (body.role === undefined) say("role", `is missing: one of ${ROLES.join(", ")}`);
      if (body.overlap_seconds > 0) say("overlap_seconds", "goes with replaces only");
      return;
    }
    for (const member of OF_THE_REPLACED) {
      if (body[member] !== undefined) say(member, "is that of the replaced token: leave it out");
    }
  })
  .meta({ id: "OperatorCreate" });
export type OperatorCreate = z.output<typeof operatorCreate>;

export const operator = z
  .strictObject({
    id: id("opt"),
    subject: z.string(),
    role: operatorRole,
    description: z.string().nullable(),
    workspaces: z.array(name).nullable().meta({ description: "null: all" }),
    state: z.enum(["live", "expired", "revoked"]),
    last4: z.string(),
    created_at: time,
    created_by: z.string().meta({ description: "subject of the operator who issued it" }),
    expires_at: time,
    revoked_at: time.nullable(),
    last_used_at: time.nullable().meta({ description: "up to one hour old" }),
    replaces: id("opt").nullable().meta({ description: "the token it was rotated from" }),
    version,
  })
  .meta({ id: "Operator", description: "An operator token, without its secret." });
export type OperatorView = z.output<typeof operator>;

export const operatorList = list(operator).meta({ id: "OperatorList" });

export const operatorQuery = z.strictObject({
  ...page,
  subject: principal.optional(),
  role: operatorRole.optional(),
});

export const operatorCreated = z
  .strictObject({
    operator,
    operator_token: z.strictObject({
      id: id("opt"),
      secret: z.string().nullable().meta({ description: "shown once; null on every later answer" }),
      expires_at: time,
    }),
    secret_shown: z.boolean().meta({ description: "true when an earlier answer has shown the secret" }),
    replaced: z
      .strictObject({ id: id("opt"), ends_at: time })
      .nullable()
      .meta({ description: "the outcome for the token in `replaces`" }),
  })
  .meta({ id: "OperatorCreated" });
export type OperatorCreated = z.output<typeof operatorCreated>;

export const operatorRevoked = z
  .strictObject({
    id: id("opt"),
    changed: z.boolean().meta({ description: "false: the token was not live any more" }),
    operator,
  })
  .meta({ id: "OperatorRevoked" });
export type OperatorRevoked = z.output<typeof operatorRevoked>;

/** The presented credential, as shown to its holder. */
export const operatorSelf = z
  .strictObject({
    subject: z.string(),
    token: z.string(),
    role: z.string(),
    workspaces: z.array(name).nullable().meta({ description: "null: all" }),
    expires_at: time.nullable(),
  })
  .meta({ id: "OperatorSelf" });
export type OperatorSelf = z.output<typeof operatorSelf>;
