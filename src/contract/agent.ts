/** The registry record of an agent, its settings and its state. */
import { z } from "zod";
import { coveredBy, toolOf, toolReference, type Resource } from "./resource.ts";
import { membersIn, setting } from "./settings.ts";
import {
  NAME_PATTERN,
  agentName,
  id,
  labels,
  name,
  plainLine,
  principal,
  proseLine,
  time,
  timeInput,
} from "./words.ts";

export const agentState = z.enum(["provisioned", "active", "suspended", "revoked"]);

/** An active agent that accepts no new work and is stopped at the deadline, by the halt with that id. */
export const draining = z.strictObject({
  deadline: time,
  // oxlint-disable-next-line unicorn/no-thenable -- the word of the interface, and no function
  then: z.enum(["suspended", "revoked"]),
  halt: id("hlt"),
  hold: z
    .boolean()
    .default(false)
    .meta({ description: "true: only the roles `security` and `admin` cancel it, with a reason" }),
});
export type Draining = z.output<typeof draining>;

/** A suspension that only the roles `security` and `admin` can lift, with a reason. */
const hold = z.strictObject({
  since: time,
  by: z.string().meta({ description: "subject of the operator" }),
  reason: z.string().nullable(),
});
export type Hold = z.output<typeof hold>;

/** Why an agent is suspended or revoked. */
const stop = z.strictObject({
  by: z.string().meta({ description: "subject of the operator; `dome` if the agent reached its end date" }),
  reason: z.string().nullable(),
  halt: id("hlt"),
});
export type Stop = z.output<typeof stop>;

/** The state that readers see. `lost`: the registry knows the agent, but its authoritative object is gone. */
export const agentStateSeen = z.enum([...agentState.options, "lost"]);

const unique = (items: readonly string[]): boolean => new Set(items).size === items.length;
const references = <T extends z.ZodType<string>>(item: T) =>
  z.array(item).max(200).refine(unique, { message: "must not name anything twice" });

/** The resources that an agent declares that it will use. Everything else is denied (P1). */
export const surface = z.strictObject({
  tools: references(toolReference).default([]),
  pools: references(name).default([]),
  integrations: references(name).default([]),
});
export type Surface = z.output<typeof surface>;

/** True when the surface covers the resource. */
export function declares({ tools, pools, integrations }: Surface, resource: Resource): boolean {
  const declared = { tool: tools, pool: pools, integration: integrations }[resource.kind];
  return coveredBy(resource).some((reference) => declared.includes(reference));
}

/** True when the surface covers the tool of the resource, or any part of it. */
export const declaresPart = ({ tools }: Surface, { name }: Resource): boolean =>
  tools.some((reference) => toolOf(reference) === name);

/** `oidc`: any identity provider of the workspace; `oidc:NAME`: that one. */
export const requireActas = z
  .string()
  .regex(
    new RegExp(`^oidc(:${NAME_PATTERN})?$`),
    "must be oidc, or oidc:NAME with the name of an identity provider",
  );

export const freshness = z.enum(["leased", "always"]);

const text = z.string().nullable();
const contact = plainLine(320).nullable();
const description = proseLine(1000).nullable();
const parent = z.string().max(63).nullable();
const actas = requireActas.nullable();
const delegates = references(name);
const expiry = timeInput.nullable();
const chosenFreshness = freshness.nullable();

/**
 * The settings of an agent that may change. This is the one table: every other place derives from it, or the
 * compiler checks it against this table. A new setting needs a line here, a line in `registry/agent-settings.ts`,
 * in `registry/narrowing.ts` and in `operations/rules/settings.ts`, an option of the command line, and a column.
 */
export const AGENT_SETTINGS = {
  contact: setting(contact, contact.default(null), text),
  tier: setting(name, name.default("standard"), name),
  description: setting(description, description.default(null), text),
  labels: setting(labels, labels.default({}), labels),
  parent: setting(
    parent,
    parent.default(null).meta({ description: "name or id of an agent of the same workspace" }),
    id("agt").nullable(),
  ),
  surface: setting(
    surface,
    surface.default({ tools: [], pools: [], integrations: [] }),
    z.strictObject({
      tools: z.array(z.string()),
      pools: z.array(z.string()),
      integrations: z.array(z.string()),
    }),
  ),
  require_actas: setting(actas, actas.default(null), text),
  delegates_to: setting(delegates, delegates.default([]), z.array(z.string())),
  expires_at: setting(expiry, expiry.default(null), time.nullable()),
  freshness: setting(
    chosenFreshness,
    chosenFreshness.default(null).meta({ description: "null: as the tier sets" }),
    chosenFreshness,
  ),
} as const;

export type AgentSettingName = keyof typeof AGENT_SETTINGS;

/** `POST /api/v1/agents`: the record (name, owner, workspace) and the settings that may change later. */
export const agentCreate = z
  .strictObject({
    name: agentName,
    workspace: name.optional().meta({ description: "default: the token's only workspace, else `default`" }),
    owner: principal.optional().meta({ description: "default: the subject of the operator token" }),
    ...membersIn(AGENT_SETTINGS, "initial"),
    key_expires_at: timeInput
      .nullable()
      .default(null)
      .meta({ description: "null: the latest end that the tier allows (`max_key_days`)" }),
  })
  .meta({ id: "AgentCreate" });
export type AgentCreate = z.output<typeof agentCreate>;

/** `PATCH /api/v1/agents/{agent}`. The id, name, owner and workspace never change (P2), so they are not here. */
export const agentPatch = z
  .strictObject(membersIn(AGENT_SETTINGS, "asked"))
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, { message: "must change something" })
  .meta({ id: "AgentPatch", minProperties: 1 });
export type AgentPatch = z.output<typeof agentPatch>;

/** A declared item that has lapsed, or lapses unless it is used before. A lapsed item is denied. */
const unusedItem = z.strictObject({
  kind: z.enum(["tool", "pool", "integration"]),
  name: z.string(),
  last_used_on: z.iso.date().nullable().meta({ description: "null: not used since uses are known" }),
  lapses_on: z.iso.date().nullable(),
  lapsed_on: z.iso.date().nullable(),
});

export const agent = z
  .strictObject({
    id: id("agt"),
    name,
    owner: z.string(),
    steward: z.string().meta({ description: "the present steward; at first the owner" }),
    steward_since: time,
    workspace: name,
    workspace_id: id("wsp"),
    created_at: time,
    state: agentStateSeen,
    draining: draining.nullable().default(null),
    hold: hold
      .nullable()
      .default(null)
      .meta({ description: "a suspension that only the roles `security` and `admin` lift" }),
    stop: stop.nullable().default(null).meta({
      description: "of a suspended or revoked agent: the operator that stopped it, the reason, and the halt",
    }),
    state_changed_at: time,
    ...membersIn(AGENT_SETTINGS, "shown"),
    unused: z.array(unusedItem).default([]).meta({
      description: "declared items that have lapsed unused, or will: `lapse_after_days` of the tier",
    }),
    record_version: z.int(),
    revoked_at: time.nullable(),
    last_active_at: time
      .nullable()
      .meta({ description: "the time of the agent's last call with a key or a token; up to one hour old" }),
    live_keys: z
      .int()
      .min(0)
      .nullable()
      .default(null)
      .meta({ description: "the number of live API keys; null: not counted" }),
  })
  .meta({
    id: "Agent",
    description: "A registered agent. `id`, `name`, `owner` and `workspace` never change.",
  });
export type Agent = z.output<typeof agent>;

/** An accepted setting that does not work yet. `command` corrects that. */
export const warning = z
  .strictObject({
    code: z.enum(["not_in_catalog", "unknown_steward"]),
    member: z.string(),
    detail: z.string(),
    near: z.string().nullable(),
    command: z.string(),
  })
  .meta({ id: "Warning" });
export type Warning = z.output<typeof warning>;

export const issuedKey = z.strictObject({
  id: id("key"),
  secret: z.string().nullable().meta({ description: "shown once; null on every later answer" }),
  expires_at: time.nullable(),
});

export const agentCreated = z
  .strictObject({
    agent,
    api_key: issuedKey,
    secret_shown: z.boolean().meta({ description: "true when an earlier answer has shown the secret" }),
    warnings: z.array(warning),
  })
  .meta({ id: "AgentCreated" });
export type AgentCreated = z.output<typeof agentCreated>;

/** `POST /api/v1/agents/{agent}/redeclare`: what is named is in use again, and counts as declared today. */
export const agentRedeclare = z
  .strictObject({
    tools: references(toolReference).default([]),
    pools: references(name).default([]),
    integrations: references(name).default([]),
    all: z.boolean().default(false).meta({ description: "everything that has lapsed or is about to" }),
  })
  .meta({ id: "AgentRedeclare" });
export type AgentRedeclare = z.output<typeof agentRedeclare>;

export const agentRedeclared = z
  .strictObject({
    agent,
    redeclared: z.array(z.string()).meta({ description: "items, such as `tool:zendesk/create_ticket`" }),
  })
  .meta({ id: "AgentRedeclared" });
export type AgentRedeclared = z.output<typeof agentRedeclared>;

export const agentUpdated = z
  .strictObject({ agent, warnings: z.array(warning) })
  .meta({ id: "AgentUpdated" });
export type AgentUpdated = z.output<typeof agentUpdated>;

/** `POST /api/v1/agents/{agent}/transfer` */
export const agentTransfer = z
  .strictObject({
    to: principal.meta({ description: "the new steward" }),
    from: principal
      .optional()
      .meta({ description: "refused if the present steward is neither this subject nor `to`" }),
    reason: proseLine(500).nullable().default(null),
  })
  .meta({ id: "AgentTransfer" });
export type AgentTransfer = z.output<typeof agentTransfer>;

export const agentTransferred = z
  .strictObject({
    agent,
    changed: z.boolean().meta({ description: "false: the agent had this steward already" }),
    from: z.string().meta({ description: "the previous steward" }),
    warnings: z.array(warning),
  })
  .meta({ id: "AgentTransferred" });
export type AgentTransferred = z.output<typeof agentTransferred>;

/** `GET /api/v1/agents/self`: the agent of the credential, and the facts on which its calls are decided. */
export const agentSelf = z
  .strictObject({
    agent,
    caller: z.strictObject({
      credential: z.strictObject({ kind: z.enum(["key", "token"]), id: z.string() }),
      chain: z.array(z.strictObject({ agent: id("agt"), epoch: z.int(), key: id("key") })),
      user: z.string().nullable(),
      scope: z.string(),
    }),
    context: z
      .strictObject({
        chain: z
          .array(z.strictObject({ agent: id("agt"), name, owner: z.string(), tier: name }))
          .meta({ description: "every agent that takes part, newest first" }),
        actas: z
          .strictObject({
            user: z.string(),
            provider: name
              .nullable()
              .meta({ description: "null: the workspace does not trust the provider any more" }),
            email: z.string().nullable(),
            groups: z.array(z.string()),
          })
          .nullable(),
        txn: id("txn").nullable(),
        request: z.strictObject({
          method: z.string().nullable(),
          ip: z.string().nullable(),
          country: z.string().nullable(),
          user_agent: z.string().nullable(),
        }),
        policy: z.strictObject({
          tier: name,
          policies: z
            .array(z.string())
            .meta({ description: "the baseline, unless each tier of the chain has policies of its own" }),
          bundle_version: z
            .string()
            .meta({ description: "the policies in force for the chain, with their versions" }),
          freshness,
          max_chain_depth: z.int(),
          require_actas: z
            .array(z.strictObject({ agent: name, require: z.string() }))
            .meta({ description: "the agents of the chain that need a verified user for each call" }),
        }),
        time,
      })
      .meta({
        description: "the data on which Dome decides a call with this credential, without the call itself",
      }),
  })
  .meta({ id: "AgentSelf" });
export type AgentSelf = z.output<typeof agentSelf>;
