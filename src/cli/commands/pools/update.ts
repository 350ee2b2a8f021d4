/** `dome pools update` */
import type { Command } from "commander";
import { defined } from "../../../kernel/defined.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { collect, evenIfPoliciesBreakOption, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellEntry } from "../catalog/read.ts";
import { POOLS } from "./view.ts";

interface UpdateOptions {
  readonly workspace?: string;
  readonly description?: string;
  readonly model?: readonly string[];
  readonly anyModel?: boolean;
  readonly evenIfPoliciesBreak?: boolean;
}

export const updateCommand = (session: Session): Command =>
  verb({
    name: "update",
    summary: "Change a pool of the catalog; its name stays",
    examples: ["dome pools update premium-reasoning --model large-2"],
  })
    .argument("<name>", "its name")
    .addOption(workspaceOption())
    .option("--model <model>", "a model that it has; repeat for more; replaces them all", collect)
    .option("--any-model", "let it have any model")
    .option("--description <text>", "what it is for; an empty one removes it")
    .addOption(evenIfPoliciesBreakOption())
    .action(async (name: string, options: UpdateOptions) => {
      const patch = defined({
        description: options.description === "" ? null : options.description,
        models: options.anyModel === true ? null : options.model && [...options.model],
      });
      if (Object.keys(patch).length === 0) throw usage("nothing to change; see --help");
      const entry = await (await session.controlPlane()).pools.update(name, patch, options);
      tellEntry(session, POOLS, entry);
    });
