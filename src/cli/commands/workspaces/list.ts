/** `dome workspaces list` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Watching } from "../../watch.ts";

export const listCommand = (session: Session): Command =>
  verb({
    name: "list",
    summary: "List the workspaces",
    examples: ["dome workspaces list"],
  })
    .addOption(watchOption())
    .action((options: Watching) =>
      showOrWatch(session, options, async () => {
        const { items } = await (await session.controlPlane()).workspaces.list().take();
        const { output } = session;
        return {
          body: items,
          ids: items.map((workspace) => workspace.id),
          text: () =>
            table(
              output.style,
              ["NAME", "STATE", "CREATED", "DESCRIPTION", "ID"],
              items.map((workspace) => [
                workspace.name,
                workspace.halted ? "halted" : "open",
                output.style.ago(workspace.created_at),
                workspace.description,
                workspace.id,
              ]),
            ),
        };
      }),
    );
