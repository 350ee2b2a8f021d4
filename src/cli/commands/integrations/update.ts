/** `dome integrations update` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellEntry } from "../catalog/read.ts";
import { INTEGRATIONS } from "./view.ts";

interface UpdateOptions {
  readonly workspace?: string;
  readonly description?: string;
}

export const updateCommand = (session: Session): Command =>
  verb({
    name: "update",
    summary: "Change an integration of the catalog; its name stays",
    examples: ["dome integrations update salesforce --description 'The sales system'"],
  })
    .argument("<name>", "its name")
    .addOption(workspaceOption())
    .option("--description <text>", "what it is for; an empty one removes it")
    .action(async (name: string, options: UpdateOptions) => {
      if (options.description === undefined) throw usage("nothing to change; see --help");
      const patch = { description: options.description || null };
      const entry = await (await session.controlPlane()).integrations.update(name, patch, options);
      tellEntry(session, INTEGRATIONS, entry);
    });
