/** `dome workspaces list` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Watching } from "../../watch.ts";

export const listCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "list",
      summary: "List the workspaces",
      examples: ["dome workspaces list", "dome workspaces list --limit 20"],
    }),
    "workspaces",
  )
    .addOption(watchOption())
    .action((options: Paging & Watching, command: Command) =>
      showOrWatch(session, options, async () => {
        const taken = await takePage((await session.controlPlane()).workspaces.list(), options);
        return shownPage(session, command, taken, {
          id: (workspace) => workspace.id,
          text: (style, workspaces) =>
            table(
              style,
              ["NAME", "STATE", "CREATED", "DESCRIPTION", "ID"],
              workspaces.map((workspace) => [
                workspace.name,
                workspace.halted ? "halted" : "open",
                style.ago(workspace.created_at),
                workspace.description,
                workspace.id,
              ]),
            ),
        });
      }),
    );
