/** `dome agents list` */
import { Option, type Command } from "commander";
import type { AgentFilter } from "../../../client/agents.ts";
import { verb } from "../../command.ts";
import { allWorkspacesOption, labelFilterOption, limitOption, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { agentTable } from "./view.ts";

const STATES = ["provisioned", "active", "suspended", "revoked", "lost"];

export const listCommand = (session: Session): Command =>
  verb({
    name: "list",
    summary: "List agents",
    examples: [
      "dome agents list --state active",
      "dome agents list --label team=support --label env=prod",
      "dome agents list --tool zendesk --json",
    ],
  })
    .addOption(workspaceOption())
    .addOption(allWorkspacesOption())
    .addOption(new Option("--state <state>", "only agents in this state").choices(STATES))
    .option("--steward <steward>", "only agents that this person or job answers for now")
    .option("--owner <owner>", "only agents that were registered for this owner")
    .option("--tier <tier>", "only agents of this tier")
    .option("--tool <tool>", "only agents that declare this tool or one of its operations")
    .addOption(labelFilterOption("only agents with this label"))
    .addOption(limitOption("agents (default: all)"))
    .action((options: ListOptions) => list(session, options));

interface ListOptions extends Omit<AgentFilter, "all_workspaces"> {
  readonly allWorkspaces?: true;
}

export async function list(session: Session, { allWorkspaces, ...given }: ListOptions): Promise<void> {
  const filter = { ...given, all_workspaces: allWorkspaces };
  const service = await session.controlPlane();
  const { items, more } = await service.agents.list(filter).take(filter.limit);
  const { output } = session;
  output.show({
    body: items,
    ids: items.map((agent) => agent.id),
    text: () => agentTable(output.style, items),
  });
  if (more) output.note("There are more: raise --limit, or leave it out.");
}
