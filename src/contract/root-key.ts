/** The root key's versions, and what still depends on each. The keys themselves are in no answer. */
import { z } from "zod";

const count = z.int().min(0);

export const rootKeyVersion = z
  .strictObject({
    version: z.string(),
    place: z.enum(["newest", "older", "absent"]).meta({
      description: "`absent`: something hangs on it, and it is not in DOME_ROOT_KEY any more",
    }),
    sealed: count.meta({
      description: "values that are sealed under it; a re-wrap brings them to the newest",
    }),
    api_keys: count.meta({
      description:
        "live API keys that this version is the newest to know; the next use brings one to the newest",
    }),
    operator_tokens: count.meta({ description: "live operator tokens, likewise" }),
    made: count.meta({
      description:
        "live API keys and operator tokens that were made under it: for them its form key must stay",
    }),
    may_leave: z
      .boolean()
      .meta({ description: "nothing needs this version, but perhaps its form key (`made`)" }),
  })
  .meta({ id: "RootKeyVersion" });

export const rootKeyStatus = z
  .strictObject({ versions: z.array(rootKeyVersion).meta({ description: "newest first" }) })
  .meta({ id: "RootKeyStatus" });
export type RootKeyStatus = z.output<typeof rootKeyStatus>;

export const rootKeyRewrap = z
  .strictObject({
    dry_run: z.boolean().default(false).meta({ description: "only say what would be done" }),
    limit: z
      .int()
      .min(1)
      .max(100)
      .default(50)
      .meta({ description: "at most this many values; repeat for the rest" }),
  })
  .meta({ id: "RootKeyRewrap" });
export type RootKeyRewrap = z.output<typeof rootKeyRewrap>;

export const rootKeyRewrapped = z
  .strictObject({
    dry_run: z.boolean(),
    rewrapped: count.meta({ description: "sealed under the newest version now; in a dry run: would be" }),
    left: count.meta({ description: "still to do, after this" }),
    unreadable: z
      .array(z.string())
      .meta({ description: "signing keys, and secrets of tools, that no version of DOME_ROOT_KEY opens" }),
  })
  .meta({ id: "RootKeyRewrapped" });
export type RootKeyRewrapped = z.output<typeof rootKeyRewrapped>;
