/** `dome idp show` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellProvider } from "./view.ts";

export const showCommand = (session: Session): Command =>
  verb({ name: "show", summary: "Show an identity provider", examples: ["dome idp show okta"] })
    .argument("<name>", "its name")
    .addOption(workspaceOption())
    .action(async (name: string, { workspace }: { workspace?: string }) => {
      const service = await session.controlPlane();
      tellProvider(session, await service.identityProviders.show(name, workspace));
    });
