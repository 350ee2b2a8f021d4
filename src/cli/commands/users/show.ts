/** `dome users show` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { everyWorkspace } from "../../every-workspace.ts";
import { allWorkspacesOption, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { userFilter } from "./user-argument.ts";
import { userFields } from "./view.ts";

interface ShowOptions {
  readonly workspace?: string;
  readonly allWorkspaces?: true;
  readonly tenant?: string;
}

export const showCommand = (session: Session): Command =>
  verb({
    name: "show",
    summary: "Show a user: for whom agents have acted, or who is stopped",
    description:
      "Show a user for whom agents have acted: who it is, through which agents, when first and last, and whether it is stopped. " +
      "A user who was stopped before any agent acted is shown with the stop. Dome records this reading too.",
    examples: [
      "dome users show alice@example.com",
      "dome users show https://login.example.com 00u1a2b3 -A",
      "dome users show usr_mzxw6ytboi2dknrvgaztcmjqgy",
    ],
  })
    .argument("<user>", "id usr_…, e-mail address, or the identity provider (iss)")
    .argument("[subject]", "the user at that provider (sub)")
    .option("--tenant <tid>", "the user's tenant at the provider (tid), if any")
    .addOption(workspaceOption())
    .addOption(allWorkspacesOption())
    .action(async (first: string, subject: string | undefined, options: ShowOptions) => {
      const { workspace, allWorkspaces, tenant } = options;
      const who = userFilter([first, subject, tenant].filter((word) => word !== undefined));
      const service = await session.controlPlane();
      const shown =
        allWorkspaces === true
          ? await everyWorkspace(service, (name) => service.users.list({ ...who, workspace: name }).take())
          : [await service.users.list({ ...who, workspace }).take()];
      const users = shown.flatMap(({ items }) => items);
      const { output } = session;
      output.show({
        body: allWorkspaces === true ? users : (users[0] ?? null),
        ids: users.map((user) => user.id),
        text: () => users.map((user) => userFields(output.style, user)).join("\n\n"),
      });
    });
