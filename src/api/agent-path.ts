/** The agent in a path: its id, or its name with `?workspace=`. */
import { z } from "zod";
import { NAME_PATTERN, name } from "../contract/words.ts";
import { idPattern } from "../kernel/ids.ts";

/** An agent in a query. Text that can be neither an id nor a name is refused without a look-up. */
export const agentReference = z
  .string()
  .regex(
    new RegExp(`^(?:${NAME_PATTERN}|${idPattern("agt").source.slice(1, -1)})$`),
    "must be the id of an agent, or a name",
  );

export const agentPath = z.strictObject({
  agent: z.string().min(1).max(63).meta({ description: "id, or name in the workspace" }),
});

/** The query of all routes below an agent. */
export const inWorkspace = {
  workspace: name.optional().meta({ description: "default: the token's only workspace, else `default`" }),
};
