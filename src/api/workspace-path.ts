/** The workspace in a path. */
import { z } from "zod";

export const workspacePath = z.strictObject({
  workspace: z.string().max(63).meta({ description: "name or id" }),
});
