/** `dome tools update` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { collect, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellEntry } from "../catalog/read.ts";
import { TOOLS } from "./view.ts";

interface UpdateOptions {
  readonly workspace?: string;
  readonly description?: string;
  readonly operation?: readonly string[];
  readonly anyOperation?: boolean;
  readonly clearArguments?: boolean;
}

export const updateCommand = (session: Session): Command =>
  verb({
    name: "update",
    summary: "Change a tool of the catalog; its name stays",
    examples: ["dome tools update zendesk --operation create_ticket --operation close_ticket"],
  })
    .argument("<name>", "its name")
    .addOption(workspaceOption())
    .option(
      "--operation <operation>",
      "an operation that it has; repeat for more; replaces them all",
      collect,
    )
    .option("--any-operation", "let it have any operation")
    .option("--clear-arguments", "record arguments in clear from now on")
    .option("--no-clear-arguments", "record arguments as a digest from now on")
    .option("--description <text>", "what it is for; an empty one removes it")
    .action(async (name: string, options: UpdateOptions) => {
      const patch = {
        ...(options.description === undefined ? {} : { description: options.description || null }),
        ...(options.operation === undefined ? {} : { operations: [...options.operation] }),
        ...(options.anyOperation === true ? { operations: null } : {}),
        ...(options.clearArguments === undefined ? {} : { clear_arguments: options.clearArguments }),
      };
      if (Object.keys(patch).length === 0) throw usage("say what is to change: see --help");
      const entry = await (await session.controlPlane()).tools.update(name, patch, options.workspace);
      tellEntry(session, TOOLS, entry);
    });
