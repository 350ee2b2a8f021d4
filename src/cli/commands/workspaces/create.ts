/** `dome workspaces create` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import type { Session } from "../../session.ts";
import { shownWorkspace } from "./view.ts";

export const createCommand = (session: Session): Command =>
  verb({
    name: "create",
    summary: "Create a workspace",
    examples: ["dome workspaces create support"],
  })
    .argument("<name>", "its name")
    .option("--description <text>", "what it is for")
    .action(async (name: string, options: { description?: string }) => {
      const service = await session.controlPlane();
      const created = await service.workspaces.create({
        name,
        description: options.description ?? null,
      });
      session.output.show(shownWorkspace(session.output, created));
    });
