/** `dome workspaces show` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import type { Session } from "../../session.ts";
import { tellWorkspace } from "./view.ts";

export const showCommand = (session: Session): Command =>
  verb({
    name: "show",
    summary: "Show a workspace",
    examples: ["dome workspaces show default"],
  })
    .argument("<workspace>", "name or id")
    .action(async (name: string) =>
      tellWorkspace(session, await (await session.controlPlane()).workspaces.show(name)),
    );
