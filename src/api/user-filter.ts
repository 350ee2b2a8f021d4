/** The parameters by which a query names an end user. */
import { z } from "zod";
import { address, userId } from "../contract/user-id.ts";
import { line } from "../contract/words.ts";

/** A user by id or e-mail address, or by its identity at the provider (the other three parameters). */
export const userFilter = {
  user: z
    .union([userId, address], "must be a user's id, usr_…, or an e-mail address")
    .optional()
    .meta({ description: "the end user for whom it was done: `usr_…`, or an e-mail address" }),
  issuer: line(2048)
    .optional()
    .meta({ description: "with `subject`: the user's issuer at the identity provider" }),
  subject: line(255).optional(),
  tenant: line(255).optional(),
};
