/** How a path names an agent: its id, or its name with `?workspace=`. */
import { z } from "zod";
import { name } from "../contract/words.ts";

export const agentPath = z.strictObject({
  agent: z.string().min(1).max(63).meta({ description: "id, or name in the workspace" }),
});

/** The query of every route below an agent. */
export const inWorkspace = {
  workspace: name.optional().meta({ description: "default: the token's only workspace, else `default`" }),
};
