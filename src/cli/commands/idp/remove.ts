/** `dome idp remove`. It stops agents that act for the provider's users, so it asks for the name, or takes `--yes`. */
import type { Command } from "commander";
import { shellWord } from "../../../kernel/shell-word.ts";
import { verb } from "../../command.ts";
import { confirm } from "../../confirm.ts";
import { inWorkspace, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";

export const removeCommand = (session: Session): Command =>
  verb({
    name: "remove",
    summary: "Remove an identity provider: refuse its tokens",
    description:
      "Remove an identity provider: Dome refuses its tokens from then on. On a terminal, the command asks you to type the name; " +
      "in scripts, pass --yes.",
    examples: ["dome idp remove okta", "dome idp remove okta --yes"],
  })
    .argument("<name>", "its name")
    .addOption(workspaceOption())
    .option("-y, --yes", "do not ask")
    .action(async (name: string, { workspace, yes }: { workspace?: string; yes?: boolean }) => {
      await confirm(session, yes, {
        answer: name,
        question: `Agents will no longer be able to act for users of ${name}. Type its name to go on: `,
        because: "removing it stops agents that act for its users",
        kind: "name",
        done: "removed",
        next: `dome idp remove ${shellWord(name)} --yes${inWorkspace(workspace)}`,
      });
      const removed = await (await session.controlPlane()).identityProviders.remove(name, workspace);
      session.output.show({
        body: removed,
        ids: [removed.name],
        text: () => `Removed ${removed.name}. Its tokens are refused from now on.`,
      });
    });
