/** Prints the stop of a user or a transaction: committed, waiting, effective, and the command for the receipt. */
import type { ControlPlane } from "../client/control-plane.ts";
import type { TransactionTransition, UserTransition } from "../contract/halt.ts";
import { stoppedText } from "./halt-text.ts";
import type { Session } from "./session.ts";
import { waitForHalt } from "./wait-for-halt.ts";

/** @param who the thing that was stopped, with a capital letter. */
export async function tellStop(
  session: Session,
  service: ControlPlane,
  answer: UserTransition | TransactionTransition,
  { who, workspace, wait }: { readonly who: string; readonly workspace: string; readonly wait: boolean },
): Promise<void> {
  const { halt: committed } = answer;
  let transition = answer;
  const receiptCommand = (id: string): string => `dome workspaces halts ${workspace} ${id}`;
  if (wait && committed !== null) {
    const read = () => service.workspaces.halt(workspace, committed.id);
    const receipt = await waitForHalt(session, committed, read, receiptCommand(committed.id));
    transition = { ...transition, effective_in_ms: 0, halt: receipt };
  }
  const { output } = session;
  output.show({
    body: transition,
    ids: [transition.halt?.id ?? transition.workspace],
    text: () => stoppedText(output.style, `${who} is stopped`, transition),
  });
  if (transition.effective_in_ms > 0 && committed !== null) output.next(receiptCommand(committed.id));
}
