/** `dome integrations add` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellEntry } from "../catalog/read.ts";
import { INTEGRATIONS } from "./view.ts";

interface AddOptions {
  readonly workspace?: string;
  readonly description?: string;
}

export const addCommand = (session: Session): Command =>
  verb({
    name: "add",
    summary: "Add an external system, so that agents may declare and use it",
    examples: ["dome integrations add salesforce"],
  })
    .argument("<name>", "its name, unique in the workspace")
    .addOption(workspaceOption())
    .option("--description <text>", "what it is for")
    .action(async (name: string, options: AddOptions) => {
      const service = await session.controlPlane();
      const integration = await service.integrations.add({
        name,
        workspace: options.workspace,
        description: options.description ?? null,
      });
      tellEntry(session, INTEGRATIONS, integration);
    });
