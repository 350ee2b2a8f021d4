/** `dome agents list` */
import { Option, type Command } from "commander";
import type { AgentFilter } from "../../../client/agents.ts";
import type { AgentSort } from "../../../contract/agent-list.ts";
import { verb } from "../../command.ts";
import { allWorkspacesOption, searched, labelFilterOption, workspaceOption } from "../../option-values.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Read, type Watching } from "../../watch.ts";
import { agentTable, wideAgentTable } from "./view.ts";

/** The values of the service. They are repeated here because the client is not loaded for a list of choices. */
const SORTS: readonly AgentSort[] = [
  "name",
  "-name",
  "created",
  "-created",
  "last_activity",
  "-last_activity",
];
const STATES = ["provisioned", "active", "suspended", "revoked", "lost"];

export const listCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "list",
      summary: "List agents",
      examples: [
        "dome agents list --state active",
        "dome agents list --search triage --sort -last_activity",
        "dome agents list --label team=support --label env=prod",
        "dome agents list --tool zendesk --json",
      ],
    }),
    "agents",
  )
    .addOption(workspaceOption())
    .addOption(allWorkspacesOption())
    .addOption(new Option("--state <state>", "only agents in this state").choices(STATES))
    .option("--steward <steward>", "only agents that this person or job answers for now")
    .option("--owner <owner>", "only agents that were registered for this owner")
    .option("--tier <tier>", "only agents of this tier")
    .option("--tool <tool>", "only agents that declare this tool or one of its operations")
    .addOption(labelFilterOption("only agents with this label"))
    .option("--search <text>", 'only agents with words in their names that begin like this: triage, "tri eu"')
    .addOption(
      new Option("--sort <order>", "by name, created or last_activity; -created is the newest first").choices(
        SORTS,
      ),
    )
    .addOption(watchOption())
    .action((options: ListOptions, command: Command) =>
      showOrWatch(session, options, () => read(session, options, command)),
    );

interface ListOptions extends Omit<AgentFilter, "all_workspaces" | "limit">, Paging, Watching {
  readonly allWorkspaces?: true;
}

const filterOf = (options: ListOptions): AgentFilter => {
  const { allWorkspaces, workspace, state, steward, owner, tier, tool, label, search, sort } = options;
  const filter = { workspace, state, steward, owner, tier, tool, label, search, sort };
  return { ...filter, all_workspaces: allWorkspaces };
};

async function read(session: Session, options: ListOptions, command: Command): Promise<Read> {
  const service = await session.controlPlane();
  const taken = await takePage(service.agents.list(filterOf(options)), options);
  return shownPage(session, command, taken, {
    id: (agent) => agent.id,
    text: agentTable,
    wide: wideAgentTable,
    none: searched(options.workspace, options.allWorkspaces === true),
  });
}
