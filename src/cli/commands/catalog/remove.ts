/** `dome tools|pools|integrations remove` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { table } from "../../table.ts";
import { evenIfPoliciesBreakOption, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import type { CatalogEntry, Kind } from "./read.ts";

interface RemoveOptions {
  readonly workspace?: string;
  readonly force?: boolean;
  readonly evenIfPoliciesBreak?: boolean;
}

export const removeCommand = <Entry extends CatalogEntry>(session: Session, kind: Kind<Entry>): Command =>
  verb({
    name: "remove",
    summary: `Remove ${kind.one} from the catalog`,
    description: `Remove ${kind.one} from the catalog. Dome refuses while agents declare it; with --force, it denies their calls from then on. It also refuses while policies in force name it.`,
    examples: [
      `dome ${kind.noun} remove ${kind.example}`,
      `dome ${kind.noun} remove ${kind.example} --force`,
    ],
  })
    .argument("<name>", "its name")
    .addOption(workspaceOption())
    .option("--force", "remove it although agents declare it; they are listed")
    .addOption(evenIfPoliciesBreakOption())
    .action(async (name: string, options: RemoveOptions) => {
      const removed = await kind.of(await session.controlPlane()).remove(name, options);
      const { output } = session;
      output.show({
        body: removed,
        ids: [removed.name],
        text: () =>
          removed.lost_by.length === 0
            ? `Removed ${removed.name}. No agent declared it.`
            : `Removed ${removed.name}. These agents declare it and are denied it now:\n${table(
                output.style,
                ["AGENT", "DECLARES", "ID"],
                removed.lost_by.map((agent) => [agent.name, agent.declared.join(", "), agent.agent]),
              )}`,
      });
    });
