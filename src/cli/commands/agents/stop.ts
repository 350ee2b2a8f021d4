/**
 * What `suspend` and `revoke` have in common. The stop is committed when the service answers and effective a moment
 * later (P3); `--wait` returns when it is.
 */
import type { Transition } from "../../../contract/halt.ts";
import { clean, seconds } from "../../output.ts";
import { inWorkspace } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { waitForHalt } from "../../wait-for-halt.ts";

export interface StopOptions {
  readonly workspace?: string;
  readonly reason?: string;
  readonly wait?: boolean;
}

export async function stop(
  session: Session,
  kind: "suspend" | "revoke",
  agent: string,
  options: StopOptions,
): Promise<void> {
  const service = await session.controlPlane();
  const ref = { agent, workspace: options.workspace };
  const body = { reason: options.reason ?? null };
  let transition = await (kind === "suspend"
    ? service.agents.suspend(ref, body)
    : service.agents.revoke(ref, body));
  const { halt } = transition;
  if (options.wait === true && halt === null && transition.effective_in_ms > 0) {
    await session.io.timers.sleep(transition.effective_in_ms);
    transition = { ...transition, effective_in_ms: 0 };
  }
  if (options.wait === true && halt !== null) {
    const read = () => service.agents.halt(ref, halt.id);
    const receipt = await waitForHalt(session, halt, read, receiptCommand(agent, options, halt.id));
    transition = { ...transition, effective_in_ms: 0, halt: receipt };
  }
  const { output } = session;
  output.show({
    body: transition,
    ids: [transition.halt?.id ?? transition.agent],
    text: () => sentence(agent, transition),
  });
  if (transition.effective_in_ms > 0 && transition.halt !== null) {
    output.note(`next: ${receiptCommand(agent, options, transition.halt.id)}`);
  }
}

const receiptCommand = (agent: string, { workspace }: StopOptions, id: string): string =>
  `dome agents halts ${agent} ${id}${inWorkspace(workspace)}`;

function sentence(agent: string, { state, changed, halt, effective_in_ms: left }: Transition): string {
  const who = `${clean(agent)} is ${state}${changed ? "" : " (it was already)"}`;
  if (halt === null) return left > 0 ? `${who}; effective in ${seconds(left)}.` : `${who}.`;
  return halt.effective_at === null
    ? `${who}. The stop ${halt.id} is effective in ${seconds(left)}.`
    : `${who}. The stop ${halt.id} is effective since ${halt.effective_at}.`;
}
