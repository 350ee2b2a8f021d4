/**
 * Selects several agents, by name or by a common property, for every command that takes several. The selection is
 * listed first and needs a confirmation. `--dry-run` ends there.
 */
import type { Command } from "commander";
import type { ControlPlane } from "../../../client/control-plane.ts";
import { ApiError } from "../../../../sdk/typescript/src/errors.ts";
import type { Agent } from "../../../contract/agent.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { confirmCount } from "../../confirm.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { inParallel } from "../../in-parallel.ts";
import {
  allWorkspacesOption,
  inWorkspace,
  inWorkspaces,
  labelFilterOption,
  withLabels,
  workspaceOption,
} from "../../option-values.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { agentTable } from "./view.ts";

export interface Selection {
  readonly workspace?: string;
  readonly allWorkspaces?: true;
  readonly label?: string[];
  readonly steward?: string;
  readonly owner?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** The command that is applied to each agent. */
export interface Deed {
  /** The command as typed: `agents suspend`. */
  readonly command: string;
  /** Its further options as typed, each with a leading space. */
  readonly options?: string;
  /** The verb of the question: `Suspend`. */
  readonly verb: string;
  /** Text before the question. */
  readonly warning?: string;
  /** The participle for messages, as in "nothing was stopped". */
  readonly done: string;
  /** Which agents the command applies to, when they were selected by a property and not by name. */
  readonly concerns: (agent: Agent) => boolean;
}

export const withSelection = (command: Command): Command =>
  withChoice(command.addOption(workspaceOption()).addOption(allWorkspacesOption()));

/** As `withSelection`, for a command that has `--workspace` already. */
export const withChoice = (command: Command): Command =>
  command
    .addOption(labelFilterOption("every agent with this label, instead of names"))
    .option("--steward <steward>", "every agent that this person or job answers for, instead of names")
    .option("--owner <owner>", "every agent that was registered for this owner, instead of names")
    .option("--dry-run", "show the selected agents and change nothing")
    .option("-y, --yes", "do not ask");

/**
 * The only agent named; undefined when there are several.
 * @throws CommandFailure (exit 2) unless agents are either named or selected by a property.
 */
export function onlyOne(names: readonly string[], selection: Selection, command: string): string | undefined {
  const { label, steward, owner, dryRun, allWorkspaces } = selection;
  const chosen = [label, steward, owner].some((each) => each !== undefined);
  if (chosen === names.length > 0)
    throw usage(
      "name the agents, or choose them with --label, --steward or --owner",
      `dome ${command} --help`,
    );
  if (names.length > 0 && allWorkspaces === true)
    throw usage(
      "--all-workspaces goes with --label, --steward or --owner, because a name is one of a workspace",
      `dome ${command} --help`,
    );
  return names.length === 1 && dryRun !== true ? names[0] : undefined;
}

/**
 * @returns the agents after the confirmation; null after `--dry-run`.
 * @throws CommandFailure when no agent matches, a name is wrong, or the confirmation failed; then nothing was done.
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
    next: `dome ${deed.command}${names.map((name) => ` ${shellWord(name)}`).join("")}${choiceOf(selection)}${inWorkspaces(selection)}${deed.options ?? ""} --yes`,
  });
  return agents;
}

/** @param done the participle of the action that was not performed. */
export function showDryRun({ output }: Session, agents: readonly Agent[], done: string): void {
  output.show({
    body: agents,
    ids: agents.map(({ id }) => id),
    text: () => agentTable(output.style, agents),
  });
  output.note(`Nothing was ${done}: this was a dry run.`);
}

/** The named agents; each of them must exist. */
async function named(
  service: ControlPlane,
  names: readonly string[],
  selection: Selection,
  deed: Deed,
): Promise<Agent[]> {
  const { workspace } = selection;
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
      `no agent ${missing.join(", ")} exists${within(selection)}, or the token may not see it; nothing was ${deed.done}`,
      `dome agents list${inWorkspace(workspace)}`,
    );
  const agents = found.flatMap(({ agent }) => agent ?? []);
  return [...new Map(agents.map((agent) => [agent.id, agent])).values()];
}

async function matching(
  service: ControlPlane,
  { workspace, allWorkspaces, label, steward, owner }: Selection,
): Promise<readonly Agent[]> {
  const filter = { workspace, all_workspaces: allWorkspaces, label, steward, owner };
  return (await service.agents.list(filter).take()).items;
}

const nobody = (selection: Selection, deed: Deed): CommandFailure =>
  new CommandFailure(
    EXIT.failed,
    `no agent that could be ${deed.done} matches${clean(choiceOf(selection))}${within(selection)}; nothing was ${deed.done}`,
    `dome agents list${choiceOf(selection)}${inWorkspaces(selection)}`,
  );

function within({ workspace, allWorkspaces }: Pick<Selection, "workspace" | "allWorkspaces">): string {
  if (allWorkspaces === true) return " in any workspace that you may see";
  return workspace === undefined ? "" : ` in the workspace ${workspace}`;
}

/** The options that selected the agents, for a command to type next. */
export const choiceOf = ({ label, steward, owner }: Pick<Selection, "label" | "steward" | "owner">): string =>
  [
    withLabels(label),
    steward === undefined ? "" : ` --steward ${shellWord(steward)}`,
    owner === undefined ? "" : ` --owner ${shellWord(owner)}`,
  ].join("");
