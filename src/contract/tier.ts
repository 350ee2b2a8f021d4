/** Tiers: the trust level of an agent, its limits and defaults. */
import { z } from "zod";
import { freshness } from "./agent.ts";
import { list, name, version } from "./words.ts";

/**
 * The rate limit of a key, as a class. The limit of each class is set in the Worker's configuration
 * (docs/operations.md).
 */
const rateClass = z.enum(["low", "normal", "high"]);
export type RateClass = z.output<typeof rateClass>;

/** The period of every rate limit, in seconds (`simple.period` of the bindings). */
export const RATE_PERIOD_S = 10;

const LONGEST_ACT_S = 86_400;

const settings = {
  description: z.string().max(500),
  self_service: z.boolean().meta({ description: "a developer may register into it without an operator" }),
  token_ttl_seconds: z.int().min(30).max(300),
  max_chain_depth: z.int().min(1).max(16),
  max_batch: z.int().min(1).max(1000),
  max_key_days: z
    .int()
    .min(1)
    .max(365)
    .meta({ description: "the longest life of an API key, and the life of a key without a given end" }),
  max_body_bytes: z.int().min(1024).max(1_048_576),
  max_act_body_bytes: z.int().min(1024).max(1_073_741_824).meta({
    description: "the most bytes of the body of a tool call through Dome, and of its answer",
  }),
  max_act_seconds: z
    .int()
    .min(1)
    .max(LONGEST_ACT_S)
    .meta({ description: "how long a call of a tool through Dome may take, its stream included" }),
  max_session_seconds: z.int().min(60).max(28_800).meta({
    description: "how long a session of an MCP client through Dome may last, however much it is used",
  }),
  rate: rateClass,
  calls_per_minute: z.int().min(1).max(1_000_000).nullable().meta({
    description: "the most calls of an agent in a minute, for each isolate; null: no bound beside the rate",
  }),
  open_calls: z.int().min(1).max(100_000).nullable().meta({
    description: "the most tool calls through Dome that an agent has open, for each isolate; null: no bound",
  }),
  lapse_after_days: z.int().min(1).max(3650).nullable().meta({
    description: "the days after which a declared item that was not used lapses, with notice; null: never",
  }),
  trust: z
    .int()
    .min(0)
    .max(100)
    .meta({ description: "how far its agents are trusted: policies read it as principal.trust" }),
  freshness,
  audit: z
    .enum(["before_release"])
    .meta({ description: "the calls whose record must be durable before the answer" }),
};

/** What an operator sets of a tier. None has a default here: a change leaves what it does not name as it was. */
export const tierSettings = z.strictObject(settings);
export type TierSettings = z.output<typeof tierSettings>;

export const tier = z
  .strictObject({ name, ...settings, built_in: z.boolean(), version })
  .meta({ id: "Tier" });
export type Tier = z.output<typeof tier>;

/** The body of `POST /api/v1/tiers`: what is not given is as in the tier `like`. */
export const tierCreate = z
  .strictObject({
    name,
    like: name.default("standard").meta({ description: "the tier whose settings the others are" }),
    ...tierSettings.partial().shape,
  })
  .meta({ id: "TierCreate" });
export type TierCreate = z.output<typeof tierCreate>;

/** The body of `PATCH /api/v1/tiers/{tier}`. */
export const tierPatch = z
  .strictObject(tierSettings.partial().shape)
  .refine((patch) => Object.keys(patch).length > 0, { message: "must change something" })
  .meta({ id: "TierPatch", minProperties: 1 });
export type TierPatch = z.output<typeof tierPatch>;

export const tierRemoved = z.strictObject({ name, removed: z.literal(true) }).meta({ id: "TierRemoved" });
export type TierRemoved = z.output<typeof tierRemoved>;

export const tierList = list(tier).meta({ id: "TierList" });
