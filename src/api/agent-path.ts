/** How a path names an agent: its id, or its name with `?workspace=`. */
import { z } from "zod";
import { NAME_PATTERN, name } from "../contract/words.ts";
import { idPattern } from "../kernel/ids.ts";

/** An agent in a query: what can be neither an id nor a name is refused, and not looked for. */
export const agentReference = z
  .string()
  .regex(
    new RegExp(`^(?:${NAME_PATTERN}|${idPattern("agt").source.slice(1, -1)})$`),
    "must be the id of an agent, or a name",
  );

export const agentPath = z.strictObject({
  agent: z.string().min(1).max(63).meta({ description: "id, or name in the workspace" }),
});

/** The query of every route below an agent. */
export const inWorkspace = {
  workspace: name.optional().meta({ description: "default: the token's only workspace, else `default`" }),
};
