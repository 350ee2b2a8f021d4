/** `dome agents halts`: the stops of an agent, or the receipt of one. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { listOfHalts, receiptOf } from "../../halt-list.ts";
import { workspaceOption } from "../../option-values.ts";
import { withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Watching } from "../../watch.ts";

type Options = Paging & Watching & { readonly workspace?: string };

export const haltsCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "halts",
      summary: "List the stops of an agent, or show the receipt of one",
      examples: ["dome agents halts support-triage", "dome agents halts support-triage hlt_… --json"],
    })
      .argument("<agent>", "name or id")
      .argument("[halt]", "id of a stop: show its receipt"),
    "stops",
  )
    .addOption(workspaceOption())
    .addOption(watchOption())
    .action(
      (agent: string, halt: string | undefined, { workspace, watch, ...paging }: Options, command: Command) =>
        showOrWatch(session, { watch }, async () => {
          const { agents } = await session.controlPlane();
          const ref = { agent, workspace };
          return halt === undefined
            ? listOfHalts(session, command, agents.halts(ref), paging)
            : receiptOf(session, paging, () => agents.halt(ref, halt));
        }),
    );
