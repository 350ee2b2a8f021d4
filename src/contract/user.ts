/** End users for whom agents have acted, as recorded in a workspace's trail. */
import { z } from "zod";
import { userId } from "./user-id.ts";
import { id, list, name, page, time } from "./words.ts";

const seen = {
  first_seen: time.meta({ description: "within a minute" }),
  last_seen: time.meta({ description: "within a minute" }),
};

export const user = z
  .strictObject({
    id: userId,
    workspace: name,
    workspace_id: id("wsp"),
    issuer: z.string().nullable().meta({ description: "the identity provider, as `iss` in its tokens" }),
    subject: z.string().nullable().meta({ description: "as `sub` in its tokens; null once it was erased" }),
    email: z
      .string()
      .nullable()
      .meta({ description: "the address that the provider verified last; null: none, or erased" }),
    ...seen,
    stopped: z
      .strictObject({ since: time, halt: id("hlt") })
      .nullable()
      .meta({ description: "null: agents may act for this user" }),
    agents: z
      .array(z.strictObject({ id: id("agt"), name: z.string().nullable(), ...seen }))
      .meta({ description: "the agents that acted for this user, the last ones first, at most 100" }),
  })
  .meta({ id: "User" });
export type User = z.output<typeof user>;

export const userList = list(user).meta({ id: "UserList" });
export const userPage = page;
