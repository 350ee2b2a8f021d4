/** `dome audit chain`: shows one transaction as a tree, including denials and refusals. */
import type { Command } from "commander";
import type { ControlPlane } from "../../../client/control-plane.ts";
import { ApiError } from "../../../../sdk/typescript/src/errors.ts";
import type { ShownEntry } from "../../../contract/audit.ts";
import { isId } from "../../../kernel/ids.ts";
import { verb } from "../../command.ts";
import { everyWorkspace } from "../../every-workspace.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { allWorkspacesOption, workspaceOption } from "../../option-values.ts";
import type { Names } from "../../names.ts";
import type { Session } from "../../session.ts";
import { byTime } from "./by-time.ts";

export const chainCommand = (session: Session): Command =>
  verb({
    name: "chain",
    summary: "Show a transaction as a tree: who acted for whom, and what was asked",
    description:
      "Show everything recorded of a transaction as a tree, oldest first: the user or agent that began it, the tokens " +
      "that were exchanged from one another, and what was decided with each, denied or not. With --json the records " +
      "as a list. Dome records this reading too.",
    examples: ["dome audit chain txn_…", "dome audit chain txn_… -A", "dome audit chain txn_… --json"],
  })
    .argument("<txn>", "id of a transaction; a decision and a token name theirs")
    .addOption(workspaceOption())
    .addOption(allWorkspacesOption())
    .action((txn: string, options: Where) => chain(session, txn, options));

interface Where {
  readonly workspace?: string;
  readonly allWorkspaces?: true;
}

async function chain(session: Session, txn: string, where: Where): Promise<void> {
  if (!isId("txn", txn)) throw usage(`"${txn}" is not the id of a transaction (txn_…)`);
  const items = await recordsOf(await session.controlPlane(), txn, where);
  if (items.length === 0) throw nothing(txn, where);
  const [{ transactionTree }, { transactionText }] = await Promise.all([
    import("../../../audit/transaction.ts"),
    import("./transaction-view.ts"),
  ]);
  const names: Names = Object.fromEntries(items.flatMap((entry) => Object.entries(entry.names)));
  const { output } = session;
  output.show({
    body: items,
    ids: items.map((entry) => entry.id),
    text: () => transactionText(output.style, transactionTree(items), names),
  });
}

/** @returns the records, oldest first; those of several workspaces are merged by time. */
async function recordsOf(
  service: ControlPlane,
  txn: string,
  { workspace, allWorkspaces }: Where,
): Promise<readonly ShownEntry[]> {
  const ask = (name: string | undefined) =>
    service.audit.list({ txn, workspace: name, order: "oldest" }).take();
  if (allWorkspaces !== true) return (await ask(workspace)).items;
  try {
    const answers = await everyWorkspace(service, ask);
    return byTime(
      answers.map(({ items }) => items),
      "oldest",
    );
  } catch (fault) {
    if (fault instanceof ApiError && fault.code === "unknown_reference") return []; // no workspace has it
    throw fault;
  }
}

const nothing = (txn: string, { workspace, allWorkspaces }: Where): CommandFailure =>
  allWorkspaces === true
    ? new CommandFailure(
        EXIT.failed,
        `no workspace that you may see has recorded anything of ${txn}`,
        "dome audit list -A",
      )
    : new CommandFailure(
        EXIT.failed,
        `nothing is recorded of ${txn}${workspace === undefined ? " in this workspace" : ` in workspace ${workspace}`}`,
        `dome audit chain ${txn} -A`,
      );
