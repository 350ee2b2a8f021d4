/** `dome agents list` */
import { Option, type Command } from "commander";
import type { AgentFilter } from "../../../client/agents.ts";
import type { Agent } from "../../../contract/agent.ts";
import { verb } from "../../command.ts";
import {
  allWorkspacesOption,
  searched,
  labelFilterOption,
  limitOption,
  workspaceOption,
} from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { agentTable, wideAgentTable } from "./view.ts";

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
    .option("--watch", "print the list again whenever it changes, until Ctrl-C; asks every 2 s")
    .action(async ({ watch, ...options }: ListOptions & { readonly watch?: boolean }) =>
      watch === true ? watchList(session, options) : list(session, options),
    );

const WATCH_MS = 2_000;

/** Ends when somebody ends the program, or the service answers no. */
async function watchList(session: Session, options: ListOptions): Promise<never> {
  const service = await session.controlPlane();
  const filter = filterOf(options);
  for (let before = ""; ;) {
    const { items } = await service.agents.list(filter).take(filter.limit);
    const now = JSON.stringify(items);
    if (now !== before) show(session, items);
    before = now;
    await session.io.timers.sleep(WATCH_MS);
  }
}

interface ListOptions extends Omit<AgentFilter, "all_workspaces"> {
  readonly allWorkspaces?: true;
}

const filterOf = ({ allWorkspaces, ...given }: ListOptions): AgentFilter => ({
  ...given,
  all_workspaces: allWorkspaces,
});

async function list(session: Session, options: ListOptions): Promise<void> {
  const filter = filterOf(options);
  const service = await session.controlPlane();
  const { items, more } = await service.agents.list(filter).take(filter.limit);
  show(session, items);
  if (more) session.output.note("There are more: raise --limit, or leave it out.");
  if (items.length === 0) session.output.note(searched(options.workspace, options.allWorkspaces === true));
}

function show({ output }: Session, items: readonly Agent[]): void {
  output.show({
    body: items,
    ids: items.map((agent) => agent.id),
    text: () => agentTable(output.style, items),
    wide: () => wideAgentTable(output.style, items),
  });
}
