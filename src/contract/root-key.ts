/** The root key's versions, and what still depends on each. The keys themselves are in no answer. */
import { z } from "zod";

const count = z.int().min(0);

export const rootKeyVersion = z
  .strictObject({
    version: z.string(),
    place: z.enum(["newest", "older", "absent"]).meta({
      description: "`absent`: something depends on this version, and DOME_ROOT_KEY does not have it any more",
    }),
    sealed: count.meta({
      description: "values that are encrypted under this version; a re-wrap encrypts them under the newest",
    }),
    api_keys: count.meta({
      description:
        "live API keys whose newest digest is under this version; the next use of a key adds one under the newest",
    }),
    operator_tokens: count.meta({ description: "live operator tokens, counted in the same way" }),
    made: count.meta({
      description:
        "live API keys and operator tokens that were made under this version: its form key must stay for them",
    }),
    may_leave: z
      .boolean()
      .meta({ description: "nothing needs this version, except perhaps its form key (`made`)" }),
  })
  .meta({ id: "RootKeyVersion" });

export const rootKeyStatus = z
  .strictObject({ versions: z.array(rootKeyVersion).meta({ description: "newest first" }) })
  .meta({ id: "RootKeyStatus" });
export type RootKeyStatus = z.output<typeof rootKeyStatus>;

export const rootKeyRewrap = z
  .strictObject({
    dry_run: z.boolean().default(false).meta({ description: "only report what would be done" }),
    limit: z
      .int()
      .min(1)
      .max(100)
      .default(50)
      .meta({ description: "the most values to change; repeat the request for the rest" }),
  })
  .meta({ id: "RootKeyRewrap" });
export type RootKeyRewrap = z.output<typeof rootKeyRewrap>;

export const rootKeyRewrapped = z
  .strictObject({
    dry_run: z.boolean(),
    rewrapped: count.meta({
      description: "the number of values encrypted under the newest version; in a dry run: that would be",
    }),
    left: count.meta({ description: "the number of values that remain" }),
    unreadable: z
      .array(z.string())
      .meta({ description: "signing keys, and secrets of tools, that no version of DOME_ROOT_KEY opens" }),
  })
  .meta({ id: "RootKeyRewrapped" });
export type RootKeyRewrapped = z.output<typeof rootKeyRewrapped>;
