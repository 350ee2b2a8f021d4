/** `dome policy list` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { allWorkspacesOption, searched, workspaceOption } from "../../option-values.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import { memberTable } from "../../table.ts";
import type { Session } from "../../session.ts";
import { showOnce } from "../../watch.ts";
import { bundleName } from "./scope.ts";
import { bundleMembers } from "./view.ts";

interface ListOptions extends Paging {
  readonly workspace?: string;
  readonly allWorkspaces?: true;
}

export const listCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "list",
      summary: "List the policies that hold in a workspace, and which version of each is in force",
      examples: ["dome policy list", "dome policy list -A"],
    }),
    "bundles",
  )
    .addOption(workspaceOption())
    .addOption(allWorkspacesOption())
    .action(async ({ workspace, allWorkspaces, ...paging }: ListOptions, command: Command) => {
      const { policies } = await session.controlPlane();
      const where = allWorkspaces === true ? { all_workspaces: true } : { workspace };
      const taken = await takePage(policies.list(where), paging);
      showOnce(
        session,
        shownPage(session, command, taken, {
          id: bundleName,
          text: (style, bundles) => memberTable(style, bundles, (each) => bundleMembers(style, each)),
          none: `Nobody has pushed policies: each agent may use what it declared. ${searched(workspace, allWorkspaces === true)}`,
        }),
      );
    });
