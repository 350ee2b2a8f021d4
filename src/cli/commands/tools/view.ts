/** The text forms of tools of the catalog. */
import type { Tool } from "../../../contract/catalog.ts";
import { several } from "../../output.ts";
import type { Kind } from "../catalog/read.ts";

export const TOOLS: Kind<Tool> = {
  noun: "tools",
  one: "a tool",
  example: "zendesk",
  of: (service) => service.tools,
  members: (tool) => [
    ["name", tool.name],
    ["kind", tool.kind],
    ["operations", tool.operations === null ? "any" : several(tool.operations)],
    ["arguments", tool.clear_arguments ? "recorded in clear" : "recorded as a digest"],
    ["schemas", tool.argument_schemas === null ? "none" : several(Object.keys(tool.argument_schemas))],
    ["description", tool.description],
    ["id", tool.id],
  ],
};
