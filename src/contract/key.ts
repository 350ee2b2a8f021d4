/** API keys of agents. The secret is in one answer only. */
import { z } from "zod";
import { agentStateSeen, issuedKey } from "./agent.ts";
import { halt } from "./halt.ts";
import { id, list, name, time, timeInput } from "./words.ts";

/** How long a replaced key may go on. */
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
    last_used_at: time.nullable().meta({ description: "up to an hour behind" }),
  })
  .meta({ id: "ApiKey" });
export type ApiKey = z.output<typeof apiKey>;

/** `POST /api/v1/keys/identify`: a key that was found somewhere. */
export const keyIdentify = z
  .strictObject({
    api_key: z
      .string()
      .regex(/^dome_at_[0-9A-Za-z]{1,100}$/, "must be an API key, dome_at_…")
      .meta({ description: "neither stored, nor recorded, nor repeated; looking is no use of the key" }),
  })
  .meta({ id: "ApiKeyIdentify" });

/** Whose key it is. The agent and its state too, because that is what is stopped next. */
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

export const keyCreated = z
  .strictObject({
    api_key: issuedKey,
    secret_shown: z.boolean(),
    replaced: z
      .strictObject({ id: id("key"), ends_at: time, halt: halt.nullable() })
      .nullable()
      .meta({ description: "what became of the key named in `replaces`" }),
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
