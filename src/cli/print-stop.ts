/** What the stop of a user and of a transaction say: committed, waiting, effective, and the command for the receipt. */
import type { ControlPlane } from "../client/control-plane.ts";
import type { TransactionTransition, UserTransition } from "../contract/halt.ts";
import { seconds } from "./output.ts";
import type { Session } from "./session.ts";
import { waitForHalt } from "./wait-for-halt.ts";

/** @param who what was stopped, with a capital letter. */
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
    text: () => sentence(who, transition),
  });
  if (transition.effective_in_ms > 0 && committed !== null) output.next(receiptCommand(committed.id));
}

function sentence(
  name: string,
  { changed, halt: stop, effective_in_ms: left }: UserTransition | TransactionTransition,
): string {
  const who = `${name} is stopped${changed ? "" : " (it was already)"}`;
  if (stop === null) return `${who}.`;
  return stop.effective_at === null
    ? `${who}. The stop ${stop.id} is effective in ${seconds(left)}.`
    : `${who}. The stop ${stop.id} is effective since ${stop.effective_at}.`;
}
