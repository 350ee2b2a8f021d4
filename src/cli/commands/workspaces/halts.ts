/** `dome workspaces halts`: lists the halts of a workspace, or shows the receipt of one. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { listOfHalts, receiptOf } from "../../halt-list.ts";
import { withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Watching } from "../../watch.ts";

export const haltsCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "halts",
      summary: "List the halts of a workspace, or show the receipt of one",
      examples: ["dome workspaces halts support", "dome workspaces halts support hlt_… --json"],
    })
      .argument("<workspace>", "name or id")
      .argument("[halt]", "id of a halt: show its receipt"),
    "halts",
  )
    .addOption(watchOption())
    .action(
      (name: string, halt: string | undefined, { watch, ...paging }: Paging & Watching, command: Command) =>
        showOrWatch(session, { watch }, async () => {
          const { workspaces } = await session.controlPlane();
          return halt === undefined
            ? listOfHalts(session, command, workspaces.halts(name), paging)
            : receiptOf(session, paging, () => workspaces.halt(name, halt));
        }),
    );
