/**
 * Lifecycle commands: activate, suspend, resume, revoke. A stop by id works without D1: the id goes straight to its
 * object when the registry does not answer and the operator is the installation's admin.
 */
import type { Transition } from "../contract/halt.ts";
import { draftRecord } from "../audit/record.ts";
import type { HaltId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { LifecycleCommand } from "../lifecycle/states.ts";
import { haltView } from "./halt-view.ts";
import type { HaltProgress, HaltSource } from "./owners.ts";
import { factsOf, mandateOf, type OperationPorts, type Request } from "./ports.ts";
import { reachAgent, type AgentTarget } from "./reach.ts";
import { refusalOf, type Refusal } from "./refusal.ts";

/** How long `?wait=effective` waits at most. */
const MOST_WAIT_MS = 10_000;

const KINDS = {
  activate: "agent.activated",
  suspend: "agent.suspended",
  resume: "agent.resumed",
  revoke: "agent.revoked",
} as const satisfies Record<LifecycleCommand, string>;

export async function moveAgent(
  ports: OperationPorts,
  request: Request,
  target: AgentTarget,
  command: LifecycleCommand,
  options: { readonly reason: string | null; readonly waits: boolean },
): Promise<Result<Transition, Refusal>> {
  const found = await reachAgent(ports, request, target);
  if (!found.ok) return found;
  const { id, workspaceId: workspace } = found.value;
  const object = ports.owners.agent(id);
  const moved = await object.transition({
    command,
    mandate: mandateOf(request),
    reason: options.reason,
    halt: ports.ids.next("hlt"),
    audit: draftRecord(ports, {
      workspace,
      agent: id,
      kind: KINDS[command],
      target: { type: "agent", id },
      ...factsOf(request),
      ...(options.reason === null ? {} : { detail: options.reason }),
    }),
  });
  if (!moved.ok) return err(refusalOf(moved.error));
  const { state, changed, halt } = moved.value;
  const progress = halt === null ? null : await progressOf(object, halt, options.waits);
  return ok({
    agent: id,
    state,
    changed,
    effective_in_ms: progress?.effectiveInMs ?? 0,
    halt: progress === null ? null : haltView(progress),
  });
}

/** The halt as it stands, or once it is effective. */
export const progressOf = (source: HaltSource, halt: HaltId, waits: boolean): Promise<HaltProgress | null> =>
  waits ? source.awaitHalt(halt, MOST_WAIT_MS) : source.halt(halt);
