/** Lifecycle commands and their receipts. */
import { z } from "zod";
import { agentState, draining } from "./agent.ts";
import { userId } from "./user-id.ts";
import { id, line, list, proseLine, time } from "./words.ts";

const haltKind = z.enum(["suspend", "revoke", "key", "workspace", "user", "transaction"]);

/** The body of a halt of a whole workspace. */
export const haltRequest = z
  .strictObject({ reason: proseLine(500).nullable().default(null) })
  .meta({ id: "HaltRequest" });

/** The user to stop or resume: by issuer and subject, or by the id that Dome assigned. */
const whichUser = {
  issuer: line(2048).optional().meta({ description: "the identity provider, as `iss` in its tokens" }),
  subject: line(255).optional().meta({ description: "the user, as `sub` in the provider's tokens" }),
  tenant: line(255).optional().meta({ description: "as `tid` in the provider's tokens, if it has one" }),
  user: userId.optional().meta({ description: "`usr_…`, instead of issuer, subject and tenant" }),
};

/** The body of the stop or resume of a user. */
export const userRequest = z
  .strictObject({ ...whichUser, reason: proseLine(500).nullable().default(null) })
  .superRefine(({ issuer, subject, tenant, user }, context) => {
    const say = (member: string, message: string): void =>
      context.addIssue({ code: "custom", path: [member], message });
    if (user === undefined) {
      if (issuer === undefined) say("issuer", "is missing: name the user by issuer and subject, or by user");
      if (subject === undefined)
        say("subject", "is missing: name the user by issuer and subject, or by user");
      return;
    }
    for (const [member, value] of Object.entries({ issuer, subject, tenant })) {
      if (value !== undefined) say(member, "does not go with user");
    }
  })
  .meta({ id: "UserRequest" });
export type UserRequest = z.output<typeof userRequest>;

/**
 * The body of a stop. `drain_seconds`: the agent accepts no new work from now on, and is stopped after these
 * seconds. `cascade`: all of its descendants are stopped together with it.
 */
export const stopRequest = z
  .strictObject({
    reason: proseLine(500).nullable().default(null),
    drain_seconds: z.int().min(0).max(3600).default(0),
    cascade: z.boolean().default(false),
    hold: z.boolean().default(false).meta({
      description:
        "only `security` and `admin` lift the suspension; without it, that is so where they suspend",
    }),
  })
  .meta({ id: "StopRequest" });

/** The body of activate and resume. `reason` is required to lift a hold. */
export const startRequest = z
  .strictObject({ reason: line(500).nullable().default(null) })
  .meta({ id: "StartRequest" });

/** `effective`: answer only once the halt is effective (at most 10 s). */
export const waitQuery = z.strictObject({ wait: z.enum(["effective"]).optional() });

/**
 * The halt receipt. `effective_at` is null while any door of Dome could still admit a call (P3). `receipt` is the
 * same as a JWS (`halt-receipt+jwt`), signed when it is read.
 */
export const halt = z
  .strictObject({
    id: id("hlt"),
    kind: haltKind,
    workspace_id: id("wsp"),
    agents: z.array(z.strictObject({ agent: id("agt"), epoch: z.int() })),
    keys: z.array(id("key")),
    halt_epoch: z
      .int()
      .nullable()
      .default(null)
      .meta({ description: "of a workspace: tokens with another halt epoch are refused" }),
    user: userId.nullable().default(null).meta({ description: "of a user's stop: the stopped user" }),
    txn: id("txn").nullable().default(null).meta({ description: "of a transaction's stop" }),
    cause: z
      .strictObject({ agent: id("agt"), halt: id("hlt") })
      .nullable()
      .default(null)
      .meta({ description: "the stop of an ancestor that this one follows from" }),
    cascade: z
      .strictObject({
        total: z.int(),
        committed: z.int(),
        effective: z.int(),
        complete: z.boolean(),
      })
      .nullable()
      .default(null)
      .meta({
        description:
          "of a stop with descendants: how many agents, the root included. `agents` lists up to 100 of them; " +
          "`effective_at` is set when all are",
      }),
    operator: z.strictObject({ subject: z.string(), token: z.string() }),
    reason: z.string().nullable(),
    committed_at: time,
    effective_at: time.nullable(),
    effective_in_ms: z.int().min(0),
    bound_ms: z.int(),
    acts_cut: z.int().nullable().meta({
      description:
        "how many calls of tools the stop cut while they ran, by the outcomes in the ledger when the receipt is read; null where they are not counted",
    }),
    last_admitted: z
      .strictObject({ decision_id: id("dec"), time })
      .nullable()
      .meta({ description: "the last admitted decision, when the ledger has it" }),
    note: z.string(),
    receipt: z.string().nullable(),
  })
  .meta({ id: "Halt" });
export type Halt = z.output<typeof halt>;

export const haltList = list(halt).meta({ id: "HaltList" });

/**
 * The answer of every lifecycle command. `halt`: the stop made now, or an earlier one that is not effective yet.
 * With `draining`, the agent is stopped at the deadline by the halt with that id; `effective_in_ms` counts down to
 * the time when that stop is effective.
 */
export const transition = z
  .strictObject({
    agent: id("agt"),
    state: agentState,
    changed: z.boolean(),
    effective_in_ms: z.int().min(0),
    draining: draining.nullable().default(null),
    held: z.boolean().default(false).meta({
      description: "true: the agent is suspended, and only the roles `security` and `admin` can resume it",
    }),
    halt: halt.nullable(),
  })
  .meta({ id: "Transition" });
export type Transition = z.output<typeof transition>;

/** The answer of a halt or resume of a workspace. `halt` is null when nothing was stopped. */
export const workspaceTransition = z
  .strictObject({
    workspace: id("wsp"),
    halted: z.boolean(),
    changed: z.boolean(),
    effective_in_ms: z.int().min(0),
    halt: halt.nullable(),
  })
  .meta({ id: "WorkspaceTransition" });
export type WorkspaceTransition = z.output<typeof workspaceTransition>;

const stopped = {
  workspace: id("wsp"),
  stopped: z.boolean(),
  changed: z.boolean(),
  effective_in_ms: z.int().min(0),
  halt: halt.nullable(),
};

/** The answer of the stop or resume of a user. `halt` is null when nothing was stopped. */
export const userTransition = z.strictObject({ ...stopped, user: userId }).meta({ id: "UserTransition" });
export type UserTransition = z.output<typeof userTransition>;

/** The answer of the stop of a transaction. A transaction cannot be resumed: its tokens expire within minutes. */
export const transactionTransition = z
  .strictObject({ ...stopped, txn: id("txn") })
  .meta({ id: "TransactionTransition" });
export type TransactionTransition = z.output<typeof transactionTransition>;
