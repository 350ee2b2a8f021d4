/** `dome audit chain`: one transaction as a tree, what was denied or refused included. */
import type { Command } from "commander";
import { isId } from "../../../kernel/ids.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { inWorkspace, workspaceOption } from "../../option-values.ts";
import type { Names } from "../../names.ts";
import type { Session } from "../../session.ts";

export const chainCommand = (session: Session): Command =>
  verb({
    name: "chain",
    summary: "Show a transaction as a tree: who acted for whom, and what was asked",
    description:
      "Show everything recorded of a transaction as a tree, oldest first: the user or agent that began it, the tokens " +
      "that were exchanged from one another, and what was decided with each, denied or not. With --json the records " +
      "as a list. Dome records this reading too.",
    examples: ["dome audit chain txn_…", "dome audit chain txn_… --json"],
  })
    .argument("<txn>", "id of a transaction; a decision and a token name theirs")
    .addOption(workspaceOption())
    .action((txn: string, options: { workspace?: string }) => chain(session, txn, options));

async function chain(session: Session, txn: string, { workspace }: { workspace?: string }): Promise<void> {
  if (!isId("txn", txn)) throw usage(`"${txn}" is not the id of a transaction (txn_…)`);
  const { audit } = await session.controlPlane();
  const { items } = await audit.list({ txn, workspace, order: "oldest" }).take();
  if (items.length === 0)
    throw new CommandFailure(
      EXIT.failed,
      `nothing is recorded of ${txn} in this workspace`,
      workspace === undefined ? "add --workspace NAME" : `dome audit list${inWorkspace(workspace)}`,
    );
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
