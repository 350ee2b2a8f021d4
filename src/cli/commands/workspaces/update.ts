/** `dome workspaces update` */
import type { Command } from "commander";
import { shellWord } from "../../../kernel/shell-word.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import type { Session } from "../../session.ts";
import { shownWorkspace } from "./view.ts";

interface UpdateOptions {
  readonly description?: string;
}

export const updateCommand = (session: Session): Command =>
  verb({
    name: "update",
    summary: "Change what a workspace is for",
    description: "Change what a workspace is for. Its name never changes.",
    examples: [
      'dome workspaces update support --description "the help desk"',
      'dome workspaces update support --description ""',
    ],
  })
    .argument("<workspace>", "name or id")
    .option("--description <text>", "what it is for; empty for nothing")
    .action((name: string, options: UpdateOptions) => update(session, name, options));

async function update(session: Session, name: string, options: UpdateOptions): Promise<void> {
  const { description } = options;
  if (description === undefined)
    throw usage("nothing to change", `dome workspaces update ${shellWord(name)} --description TEXT`);
  const service = await session.controlPlane();
  const { config_epoch: read } = await service.workspaces.show(name);
  const change = { description: description === "" ? null : description };
  session.output.show(shownWorkspace(session.output, await service.workspaces.update(name, change, read)));
}
