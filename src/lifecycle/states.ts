/**
 * The life of an agent as a table. Revoked is final (P5): no command leads out of it. Activation adds no rights; it
 * only enables what registration declared.
 */
import { err, ok, type Result } from "../kernel/result.ts";

export type AgentState = "provisioned" | "active" | "suspended" | "revoked";
export type LifecycleCommand = "activate" | "suspend" | "resume" | "revoke";

interface InvalidTransition {
  readonly kind: "invalid_transition";
  readonly from: AgentState;
  readonly command: LifecycleCommand;
}

/**
 * A transition that is missing here is refused: `activate` begins an agent's work, and does not undo a stop. A
 * command that leads to the current state is a safe repeat (P12).
 */
const TRANSITIONS: Readonly<Record<AgentState, Readonly<Partial<Record<LifecycleCommand, AgentState>>>>> = {
  provisioned: { activate: "active", revoke: "revoked" },
  active: { activate: "active", suspend: "suspended", revoke: "revoked" },
  suspended: { suspend: "suspended", resume: "active", revoke: "revoked" },
  revoked: { revoke: "revoked" },
};

/**
 * The state that a command leads to.
 * @returns the new state, which may equal the old one, or `invalid_transition` (409 on the wire).
 */
export function next(state: AgentState, command: LifecycleCommand): Result<AgentState, InvalidTransition> {
  const to = TRANSITIONS[state][command];
  return to === undefined ? err({ kind: "invalid_transition", from: state, command }) : ok(to);
}

/**
 * True when this change starts or stops the agent, so that its epoch must be raised. A token carries the epoch in
 * which it was minted, so no start revives a token from before a stop.
 */
export function startsOrStops(from: AgentState, to: AgentState): boolean {
  return from !== to && (from === "active" || to === "active");
}
