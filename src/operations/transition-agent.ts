/**
 * Lifecycle commands: activate, suspend, resume, revoke. A stop by id works without D1: when the registry does not
 * answer and the operator is the organization's admin, the command goes straight to the object with that id.
 */
import type { Transition } from "../contract/halt.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { STOP_WAIT_MS } from "../lifecycle/lease.ts";
import type { LifecycleCommand } from "../lifecycle/states.ts";
import { mayDo, rolesWith } from "../operators/permissions.ts";
import { drainView } from "../registry/agents.ts";
import { effectOf, orderCommand, progressOf } from "./change/order.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { reachAgent, type AgentTarget } from "./request/resolve-or-emergency.ts";
import { refusalOf, type Refusal } from "./answer/refusal.ts";

const KINDS = {
  activate: "agent.activated",
  suspend: "agent.suspended",
  resume: "agent.resumed",
  revoke: "agent.revoked",
} as const satisfies Record<LifecycleCommand, string>;

interface MoveOptions {
  readonly reason: string | null;
  /** True to answer when the stop is effective, after 10 s at most. */
  readonly waits: boolean;
  readonly drainSeconds: number;
  readonly cascade: boolean;
  /** True to make the suspension a hold, even if the role's stops are not holds by default. */
  readonly hold: boolean;
}

/** The options of a start. */
export const startWith = (reason: string | null): MoveOptions => ({
  reason,
  waits: false,
  drainSeconds: 0,
  cascade: false,
  hold: false,
});

export async function transitionAgent(
  ports: OperationPorts,
  request: OperatorRequest,
  target: AgentTarget,
  command: LifecycleCommand,
  options: MoveOptions,
): Promise<Result<Transition, Refusal>> {
  if (options.cascade && !mayDo(request.operator.role, "agents:cascade")) return err(noCascade(request));
  const found = await reachAgent(ports, request, target);
  if (!found.ok) return found;
  const { id, workspaceId: workspace } = found.value;
  const object = ports.owners.agent(id);
  const holder = mayDo(request.operator.role, "agents:hold");
  const order = orderCommand(ports, request, id, options.reason, {
    workspace,
    agent: id,
    kind: KINDS[command],
    target: { type: "agent", id },
  });
  const moved = await object.transition({
    ...order,
    command,
    drainMs: options.drainSeconds * 1000,
    cascade: options.cascade,
    hold: holder || options.hold,
    mayLift: holder,
  });
  if (!moved.ok) return err(refusalOf(moved.error));
  const { state, changed, halt, draining = null, held = false } = moved.value;
  const progress = await progressOf(object, halt ?? draining?.halt ?? null, options.waits);
  if (draining !== null && progress === null) {
    const left = Math.max(0, draining.deadline - ports.clock.now());
    return ok({
      agent: id,
      state,
      changed,
      effective_in_ms: left + STOP_WAIT_MS,
      draining: drainView(draining),
      held,
      halt: null,
    });
  }
  return ok({
    agent: id,
    state: draining?.end ?? state,
    changed,
    draining: null,
    held,
    ...effectOf(request, progress),
  });
}

/** Descendants may have other stewards, so a role that may only stop its own agents may not stop descendants. */
const noCascade = (request: OperatorRequest): Refusal => ({
  code: "forbidden",
  detail: `The role ${request.operator.role} cannot stop an agent's descendants. Leave out cascade, or use a token with the role ${rolesWith("agents:cascade").join(" or ")}.`,
});
