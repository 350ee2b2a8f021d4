/** `dome agents redeclare` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { collect, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";

interface RedeclareOptions {
  readonly workspace?: string;
  readonly tool?: readonly string[];
  readonly pool?: readonly string[];
  readonly integration?: readonly string[];
  readonly all?: true;
}

export const redeclareCommand = (session: Session): Command =>
  verb({
    name: "redeclare",
    summary: "Declare again what has lapsed unused, or is about to",
    description:
      "Declare again what an agent has declared and not used for as many days as its tier says. What lapsed is denied until then; " +
      "dome agents show lists it.",
    examples: [
      "dome agents redeclare support-triage --tool zendesk/create_ticket",
      "dome agents redeclare support-triage --all",
    ],
  })
    .argument("<agent>", "name or id")
    .option("--tool <tool>", "a tool or operation, as it is declared; repeat for more", collect)
    .option("--pool <pool>", "a pool; repeat for more", collect)
    .option("--integration <integration>", "an integration; repeat for more", collect)
    .option("--all", "everything that has lapsed or is about to")
    .addOption(workspaceOption())
    .action(async (agent: string, options: RedeclareOptions) => {
      const { tool = [], pool = [], integration = [], all = false, workspace } = options;
      if (!all && tool.length + pool.length + integration.length === 0)
        throw usage("Name what is to be declared again, or --all", "dome agents redeclare --help");
      const { agents } = await session.controlPlane();
      const body = { tools: [...tool], pools: [...pool], integrations: [...integration], all };
      const { output } = session;
      const done = await agents.redeclare({ agent, workspace }, body);
      output.show({
        body: done,
        ids: [done.agent.id],
        text: () =>
          done.redeclared.length === 0
            ? `Nothing of ${done.agent.name} has lapsed or is about to.`
            : `${done.agent.name} declares again: ${done.redeclared.join(", ")}.`,
      });
    });
