/** API keys of agents. The secret appears in one answer only. */
import { z } from "zod";
import { agentStateSeen, issuedKey } from "./agent.ts";
import { halt } from "./halt.ts";
import { allWorkspaces, id, labelFilter, list, name, page, principal, time, timeInput } from "./words.ts";

/** How long a replaced key stays valid. */
export const LONGEST_OVERLAP_S = 7 * 86_400;

export const keyCreate = z
  .strictObject({
    replaces: id("key")
      .optional()
      .meta({ description: "this key ends after the overlap; no other is touched" }),
    overlap_seconds: z
      .int()
      .min(0)
      .max(LONGEST_OVERLAP_S)
      .default(0)
      .meta({ description: "0: the replaced key is revoked now, with a receipt" }),
    expires_at: timeInput.nullable().default(null).meta({
      description:
        "null: lives as long as the replaced key did, else as long as the tier allows (`max_key_days`)",
    }),
  })
  .refine((body) => body.overlap_seconds === 0 || body.replaces !== undefined, {
    path: ["overlap_seconds"],
    message: "goes with replaces only",
    when: ({ issues }) => issues.length === 0,
  })
  .meta({ id: "KeyCreate" });
export type KeyCreate = z.output<typeof keyCreate>;

const keyState = z.enum(["live", "expired", "revoked"]);

export const apiKey = z
  .strictObject({
    id: id("key"),
    agent: id("agt"),
    last4: z.string(),
    state: keyState,
    created_at: time,
    expires_at: time.nullable(),
    revoked_at: time.nullable(),
    last_used_at: time.nullable().meta({ description: "up to one hour old" }),
  })
  .meta({ id: "ApiKey" });
export type ApiKey = z.output<typeof apiKey>;

/** `POST /api/v1/keys/identify`: identifies a key that was found somewhere. */
export const keyIdentify = z
  .strictObject({
    api_key: z
      .string()
      .regex(/^dome_at_[0-9A-Za-z]{1,100}$/, "must be an API key, dome_at_…")
      .meta({
        description: "neither stored, recorded nor repeated; this request does not count as a use of the key",
      }),
  })
  .meta({ id: "ApiKeyIdentify" });

/** The agent that the key belongs to, and its state, because the next step is to stop that agent. */
export const keyIdentified = z
  .strictObject({
    key: apiKey,
    agent: z.strictObject({
      id: id("agt"),
      name,
      workspace: name,
      owner: z.string(),
      steward: z.string(),
      state: agentStateSeen,
    }),
  })
  .meta({ id: "ApiKeyIdentified" });
export type KeyIdentified = z.output<typeof keyIdentified>;

export const keyList = list(apiKey).meta({ id: "ApiKeyList" });

/** A key in a list over many agents. */
const listedApiKey = z
  .strictObject({
    ...apiKey.shape,
    agent_name: name,
    agent_state: agentStateSeen,
    workspace: name,
    steward: z.string().meta({ description: "the agent's steward" }),
  })
  .meta({ id: "ListedApiKey" });
export type ListedApiKey = z.output<typeof listedApiKey>;

export const listedKeys = list(listedApiKey).meta({ id: "ListedApiKeyList" });

/** The orders of a list of keys. */
export const KEY_SORTS = ["created", "-created", "expires", "-expires", "last_used", "-last_used"] as const;
export type KeySort = (typeof KEY_SORTS)[number];

/** `GET /api/v1/keys`: the keys of many agents. */
export const keyQuery = z.strictObject({
  ...page,
  workspace: name.optional(),
  all_workspaces: allWorkspaces,
  sort: z
    .enum(KEY_SORTS)
    .default("created")
    .meta({
      description:
        "what the list is sorted by, the oldest time first; with `-` in front the other way round. A key that was never used " +
        "comes before those that were, one that has no end behind those that have",
    }),
  live: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional()
    .meta({
      description: "`true`: only keys that are neither revoked nor expired, of agents that are not revoked",
    }),
  created_before: timeInput.optional().meta({ description: "only keys that are older" }),
  expires_before: timeInput.optional().meta({ description: "only keys that end, or have ended, before" }),
  owner: principal.optional().meta({ description: "only agents with this owner" }),
  steward: principal.optional().meta({ description: "only agents with this steward" }),
  label: z
    .array(labelFilter)
    .max(32)
    .optional()
    .meta({ description: "key=value; repeated: of agents with all of these labels" }),
});
export type KeyQuery = z.output<typeof keyQuery>;

export const keyCreated = z
  .strictObject({
    api_key: issuedKey,
    secret_shown: z.boolean(),
    replaced: z
      .strictObject({ id: id("key"), ends_at: time, halt: halt.nullable() })
      .nullable()
      .meta({ description: "the outcome for the key in `replaces`" }),
  })
  .meta({ id: "ApiKeyCreated" });
export type KeyCreated = z.output<typeof keyCreated>;

export const keyRevoked = z
  .strictObject({
    id: id("key"),
    changed: z.boolean(),
    effective_in_ms: z.int().min(0),
    halt: halt.nullable(),
  })
  .meta({ id: "ApiKeyRevoked" });
export type KeyRevoked = z.output<typeof keyRevoked>;
