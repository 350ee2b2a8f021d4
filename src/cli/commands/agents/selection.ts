/**
 * Several agents at once, for every command that takes them: named, or chosen by what they have in common; listed first, and
 * asked about. `--dry-run` ends there.
 */
import type { Command } from "commander";
import type { ControlPlane } from "../../../client/control-plane.ts";
import { ApiError } from "../../../../sdk/typescript/src/errors.ts";
import type { Agent } from "../../../contract/agent.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { confirmCount } from "../../confirm.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { inParallel } from "../../in-parallel.ts";
import { inWorkspace, labelFilterOption, withLabels, workspaceOption } from "../../option-values.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { agentTable } from "./view.ts";

export interface Selection {
  readonly workspace?: string;
  readonly label?: string[];
  readonly steward?: string;
  readonly owner?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** What is done to each. */
export interface Deed {
  /** As it is typed: `agents suspend`. */
  readonly command: string;
  /** Its further options, as they are typed, each with a space before it. */
  readonly options?: string;
  /** For the question: `Suspend`. */
  readonly verb: string;
  /** What the question says before. */
  readonly warning?: string;
  /** `stopped`: nothing was. */
  readonly done: string;
  /** Of agents that were chosen and not named: which of them it concerns. */
  readonly concerns: (agent: Agent) => boolean;
}

export const withSelection = (command: Command): Command => withChoice(command.addOption(workspaceOption()));

/** The same, for a command that has its workspace already. */
export const withChoice = (command: Command): Command =>
  command
    .addOption(labelFilterOption("every agent with this label, instead of names"))
    .option("--steward <steward>", "every agent that this person or job answers for, instead of names")
    .option("--owner <owner>", "every agent that was registered for this owner, instead of names")
    .option("--dry-run", "show the selected agents and change nothing")
    .option("-y, --yes", "do not ask");

/**
 * The one agent that is named, where it is one.
 * @throws CommandFailure (exit 2) unless agents are either named or chosen.
 */
export function onlyOne(names: readonly string[], selection: Selection, command: string): string | undefined {
  const { label, steward, owner, dryRun } = selection;
  const chosen = [label, steward, owner].some((each) => each !== undefined);
  if (chosen === names.length > 0)
    throw usage(
      "name the agents, or choose them with --label, --steward or --owner",
      `dome ${command} --help`,
    );
  return names.length === 1 && dryRun !== true ? names[0] : undefined;
}

/**
 * @returns the agents, once somebody has agreed; null after `--dry-run`.
 * @throws CommandFailure when no agent matches, a name is wrong, or somebody has not agreed; nothing was done then.
 */
export async function chooseAgents(
  session: Session,
  service: ControlPlane,
  names: readonly string[],
  selection: Selection,
  deed: Deed,
): Promise<readonly Agent[] | null> {
  const agents =
    names.length > 0
      ? await named(service, names, selection, deed)
      : (await matching(service, selection)).filter((agent) => deed.concerns(agent));
  const { output } = session;
  if (agents.length === 0) throw nobody(selection, deed);
  if (selection.dryRun === true) {
    showDryRun(session, agents, deed.done);
    return null;
  }
  output.note(`${agentTable(output.style, agents)}\n`);
  const count = agents.length;
  await confirmCount(session, selection.yes, {
    count,
    things: "agents",
    question: `${deed.warning ?? ""}${deed.verb} these ${count} agents?`,
    done: deed.done,
    next: `dome ${deed.command}${names.map((name) => ` ${shellWord(name)}`).join("")}${choiceOf(selection)}${inWorkspace(selection.workspace)}${deed.options ?? ""} --yes`,
  });
  return agents;
}

/** @param done what was not done to them. */
export function showDryRun({ output }: Session, agents: readonly Agent[], done: string): void {
  output.show({
    body: agents,
    ids: agents.map(({ id }) => id),
    text: () => agentTable(output.style, agents),
  });
  output.note(`Nothing was ${done}: this was a dry run.`);
}

/** Each of them must be there. */
async function named(
  service: ControlPlane,
  names: readonly string[],
  { workspace }: Selection,
  deed: Deed,
): Promise<Agent[]> {
  const found = await inParallel([...new Set(names)], async (name) => {
    try {
      return { name, agent: await service.agents.show({ agent: name, workspace }) };
    } catch (fault) {
      const missing = fault instanceof ApiError && fault.code === "not_found";
      if (!missing || fault.problem?.errors?.[0]?.member === "workspace") throw fault;
      return { name, agent: null };
    }
  });
  const missing = found.filter(({ agent }) => agent === null).map(({ name }) => name);
  if (missing.length > 0)
    throw new CommandFailure(
      EXIT.failed,
      `there is no agent ${missing.join(", ")}${within(workspace)}, or it is not yours; nothing was ${deed.done}`,
      `dome agents list${inWorkspace(workspace)}`,
    );
  const agents = found.flatMap(({ agent }) => agent ?? []);
  return [...new Map(agents.map((agent) => [agent.id, agent])).values()];
}

async function matching(
  service: ControlPlane,
  { workspace, label, steward, owner }: Selection,
): Promise<readonly Agent[]> {
  return (await service.agents.list({ workspace, label, steward, owner }).take()).items;
}

const nobody = (selection: Selection, deed: Deed): CommandFailure =>
  new CommandFailure(
    EXIT.failed,
    `no agent that could be ${deed.done} matches${clean(choiceOf(selection))}${within(selection.workspace)}; nothing was ${deed.done}`,
    `dome agents list${choiceOf(selection)}${inWorkspace(selection.workspace)}`,
  );

const within = (workspace: string | undefined): string =>
  workspace === undefined ? "" : ` in the workspace ${workspace}`;

/** What agents were chosen by, for a command to type next. */
export const choiceOf = ({ label, steward, owner }: Pick<Selection, "label" | "steward" | "owner">): string =>
  [
    withLabels(label),
    steward === undefined ? "" : ` --steward ${shellWord(steward)}`,
    owner === undefined ? "" : ` --owner ${shellWord(owner)}`,
  ].join("");
