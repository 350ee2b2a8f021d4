/** Dome's signing keys: one kind signs call tokens, the other signs evidence. The private half is never shown. */
import { z } from "zod";
import { list, time } from "./words.ts";

const signingKeyUse = z.enum(["token", "receipt"]);

const signingKeyView = z
  .strictObject({
    kid: z.string(),
    use: signingKeyUse,
    state: z.enum(["next", "signing", "retired", "removed", "compromised"]).meta({
      description:
        "`next`: published, signs later; `retired`: published, signs no more; `removed`: nothing it signed is " +
        "accepted any more, because all of it has expired; `compromised`: nothing it signed is accepted any more",
    }),
    created_at: time,
    signs_from: time,
    signs_until: time.nullable().meta({ description: "null: until a successor takes over" }),
    published_until: time.nullable().meta({ description: "null: the end is unknown" }),
    compromised_at: time.nullable(),
    root_key_version: z
      .string()
      .meta({ description: "the version of the root key that the value is encrypted under" }),
  })
  .meta({ id: "SigningKey" });
export type SigningKeyView = z.output<typeof signingKeyView>;

export const signingKeyList = list(signingKeyView).meta({ id: "SigningKeyList" });

export const signingKeyRotation = z
  .strictObject({
    use: signingKeyUse.optional().meta({ description: "default token; with a `kid` it is that key's" }),
    mode: z
      .enum(["scheduled", "now", "compromised"])
      .default("scheduled")
      .meta({
        description:
          "`scheduled`: the next key is published now and signs in a day; `now`: the next key signs at once; " +
          "`compromised`: the key `kid` is given up and what it signed is refused",
      }),
    kid: z.string().min(1).max(64).optional().meta({ description: "with `compromised` only" }),
  })
  .refine((body) => (body.mode === "compromised") === (body.kid !== undefined), {
    path: ["kid"],
    message: "must be there with the mode compromised, and with no other",
  })
  .refine((body) => body.kid === undefined || body.use === undefined, {
    path: ["use"],
    message: "is that of the key",
  })
  .meta({ id: "SigningKeyRotation" });
export type SigningKeyRotation = z.output<typeof signingKeyRotation>;

export const signingKeysRotated = z
  .strictObject({
    changed: z.boolean().meta({ description: "false: the next key was published already" }),
    keys: z.array(signingKeyView).meta({ description: "all keys of this use, the newest first" }),
  })
  .meta({ id: "SigningKeysRotated" });
export type SigningKeysRotated = z.output<typeof signingKeysRotated>;
