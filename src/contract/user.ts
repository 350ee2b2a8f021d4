/** End users: those for whom agents have acted, as recorded in a workspace's ledger, and those who are stopped there. */
import { z } from "zod";
import { userId } from "./user-id.ts";
import { id, list, name, page, time } from "./words.ts";

const seen = time.meta({ description: "to the minute" });
/** A user may be stopped before the first call. */
const seenOnce = time
  .nullable()
  .meta({ description: "to the minute; null: no agent has acted for this user" });

export const user = z
  .strictObject({
    id: userId,
    workspace: name,
    workspace_id: id("wsp"),
    issuer: z.string().nullable().meta({
      description: "the identity provider, as `iss` in its tokens; null: no agent has acted for this user",
    }),
    subject: z.string().nullable().meta({
      description:
        "as `sub` in the provider's tokens; null: no agent has acted for this user, or the value was erased",
    }),
    email: z
      .string()
      .nullable()
      .meta({ description: "the address that the provider verified last; null: none, or erased" }),
    first_seen: seenOnce,
    last_seen: seenOnce,
    stopped: z
      .strictObject({ since: time, halt: id("hlt") })
      .nullable()
      .meta({ description: "null: agents may act for this user" }),
    agents: z
      .array(
        z.strictObject({ id: id("agt"), name: z.string().nullable(), first_seen: seen, last_seen: seen }),
      )
      .meta({ description: "the agents that acted for this user, the last ones first, at most 100" }),
  })
  .meta({ id: "User" });
export type User = z.output<typeof user>;

export const userList = list(user).meta({ id: "UserList" });
export const userPage = page;
