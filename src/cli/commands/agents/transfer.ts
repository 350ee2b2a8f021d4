/**
 * `dome agents transfer`: gives a new steward to one agent, or to all agents of one steward. Several agents are listed
 * first and need a confirmation.
 */
import { Option, type Command } from "commander";
import type { ControlPlane } from "../../../client/control-plane.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { verb } from "../../command.ts";
import { confirmCount } from "../../confirm.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import {
  allWorkspacesOption,
  inWorkspaces,
  labelFilterOption,
  withLabels,
  withReason,
  workspaceOption,
} from "../../option-values.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { moveAgents, tellFailures, transferTable, type Move } from "./move-agents.ts";
import { showDryRun } from "./selection.ts";
import { agentTable, tellWarnings } from "./view.ts";

interface TransferOptions {
  readonly to: string;
  readonly from?: string;
  readonly label?: string[];
  readonly workspace?: string;
  readonly allWorkspaces?: true;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export const transferCommand = (session: Session): Command =>
  verb({
    name: "transfer",
    summary: "Transfer agents to another steward",
    description:
      "Transfer agents to another steward, who then has every right of a developer to " +
      "them. The owner stays, because it is part of the record. --from transfers all agents of one steward: Dome lists them " +
      "and asks you to confirm; in scripts, pass --yes.",
    examples: [
      "dome agents transfer support-triage --to carol@example.com",
      "dome agents transfer --from bob@example.com --to carol@example.com -A --dry-run",
      "dome agents transfer --from bob@example.com --to carol@example.com --label team=support",
    ],
  })
    .argument("[agent]", "name or id; or choose with --from")
    .addOption(new Option("--to <steward>", "the new steward").makeOptionMandatory())
    .option("--from <steward>", "every agent that this person or job answers for now")
    .addOption(labelFilterOption("of these, only agents with this label"))
    .addOption(workspaceOption())
    .addOption(allWorkspacesOption())
    .option("--reason <text>", "the reason, recorded in the ledger")
    .option("--dry-run", "only show which agents would be transferred")
    .option("-y, --yes", "do not ask")
    .action(async (agent: string | undefined, options: TransferOptions) => {
      if ((agent === undefined) === (options.from === undefined))
        throw usage("name the agent, or choose agents with --from", "dome agents transfer --help");
      const chosen = [options.label, options.allWorkspaces].some((each) => each !== undefined);
      if (agent !== undefined && chosen)
        throw usage("--label and --all-workspaces go with --from", "dome agents transfer --help");
      const service = await session.controlPlane();
      if (agent !== undefined) return transferOne(session, service, agent, options);
      const from = options.from ?? "";
      await transferMany(session, service, { from, to: options.to, reason: options.reason ?? null }, options);
    });

async function transferOne(
  session: Session,
  service: ControlPlane,
  name: string,
  { to, workspace, reason, dryRun }: TransferOptions,
): Promise<void> {
  const { output } = session;
  const ref = { agent: name, workspace };
  if (dryRun === true) return showDryRun(session, [await service.agents.show(ref)], "transferred");
  const transferred = await service.agents.transfer(ref, { to, reason: reason ?? null });
  const { agent, changed, from } = transferred;
  output.show({
    body: transferred,
    ids: [agent.id],
    text: () =>
      changed
        ? `${clean(agent.name)}: ${clean(agent.steward)} is the steward now; before, it was ${clean(from)}.`
        : `${clean(agent.name)}: ${clean(agent.steward)} is already the steward.`,
  });
  tellWarnings(output, transferred.warnings);
}

async function transferMany(
  session: Session,
  service: ControlPlane,
  move: Move,
  options: TransferOptions,
): Promise<void> {
  const { workspace, label, allWorkspaces } = options;
  const { items: agents } = await service.agents
    .list({ steward: move.from, label, workspace, all_workspaces: allWorkspaces })
    .take();
  if (agents.length === 0) throw nobodys(move.from, options);
  if (options.dryRun === true) return showDryRun(session, agents, "transferred");
  const { output } = session;
  output.note(`${agentTable(output.style, agents)}\n`);
  await confirmCount(session, options.yes, {
    count: agents.length,
    things: "agents",
    question: `Transfer these ${agents.length} agents to ${clean(move.to)}?`,
    done: "transferred",
    next: `dome agents transfer --from ${shellWord(move.from)} --to ${shellWord(move.to)}${choiceOf(options)}${withReason(options.reason)} --yes`,
  });
  const outcomes = await moveAgents(service, agents, move);
  output.show({
    body: outcomes.map(({ agent, done, error }) => ({
      agent: agent.id,
      name: agent.name,
      transferred: done,
      error,
    })),
    ids: outcomes.flatMap(({ done }) => done?.agent.id ?? []),
    text: () => transferTable(output.style, outcomes),
  });
  tellFailures(session, outcomes);
}

const choiceOf = (options: TransferOptions): string => `${withLabels(options.label)}${inWorkspaces(options)}`;

function nobodys(from: string, options: TransferOptions): CommandFailure {
  const where =
    options.allWorkspaces === true
      ? "in any workspace that you may see"
      : `in the workspace ${options.workspace ?? "of this token"}`;
  const label = options.label === undefined ? "" : ` with the label ${options.label.join(" and ")}`;
  return new CommandFailure(
    EXIT.failed,
    `no agent${label} ${where} has the steward ${from}; nothing was transferred`,
    `dome agents list --steward ${shellWord(from)} --all-workspaces`,
  );
}
