/**
 * The lifecycle of one agent: how activate, suspend, resume, revoke, the end of a key and the agent's own end date
 * change its rows. Every function runs inside one transaction of the object; a timer writes the result to D1
 * afterwards.
 */
import { draftRecord, type AuditFacts } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { defined } from "../kernel/defined.ts";
import type { HaltId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { lift } from "../lifecycle/hold.ts";
import { next } from "../lifecycle/states.ts";
import type { RevokeKeyCommand, TransitionCommand, Transitioned } from "../operations/owners/agent-owner.ts";
import type { StoredHalt } from "../operations/owners/halts.ts";
import type { OwnerRefusal } from "../operations/owners/owner-answer.ts";
import type { KnownHold } from "../registry/agents.ts";
import type { OperatorRef } from "../operations/request/request-meta.ts";
import { ancestorsAllow, type AskedAncestors } from "./agent-ancestors.ts";
import { beginDrain, cancelDrain, carryOut, dropDrain } from "./agent-drain.ts";
import { endKeyNow, holdNow, move, stopNow, type AgentParts } from "./agent-stop.ts";
import { keyIsLive, type StoredAgent } from "./agent-store.ts";
import type { StoredDrain } from "./drain-table.ts";
import type { HoldOrder, StoredHold } from "./hold-table.ts";

/** The operator in the records when an agent's own end date suspends it. */
const DOME_ITSELF: OperatorRef = { subject: "dome", token: "expires_at" };

/**
 * Carries a command out, or refuses it.
 * @param ancestors the answer of the ancestors; only a start needs it.
 */
export function transition(
  parts: AgentParts,
  command: TransitionCommand,
  ancestors: AskedAncestors | null,
): Result<Transitioned, OwnerRefusal> {
  const { store, outbox } = parts;
  const agent = store.read();
  if (agent === null) return err({ kind: "absent" });
  const to = next(agent.state, command.command);
  if (!to.ok) return err({ kind: "invalid_transition", from: agent.state, command: command.command });
  const drain = parts.drains.find();
  if (to.value === "active") return start(parts, agent, drain, command, ancestors);
  if (to.value === "provisioned") throw new Error("no command leads to provisioned");
  if (command.drainMs > 0 && agent.state === "active") return beginDrain(parts, agent, command, to.value);
  const { operator } = command.meta;
  const { reason } = command;
  const hold = command.hold ? { operator, reason } : null;
  if (to.value === agent.state && !command.cascade) return ok(stopAgain(parts, agent, hold, command.audit));
  if (drain !== null) dropDrain(parts); // a stop without a drain overrides the drain, but keeps its hold
  const standing = drain?.hold ?? null;
  const cascade = command.cascade || (standing !== null && drain?.cascade === true);
  const halt = stopNow(
    parts,
    agent,
    to.value,
    { id: command.halt, operator, reason },
    cascade ? command.meta.requestId : null,
    standing ?? hold,
  );
  const held = parts.holds.find() !== null;
  const data = defined({
    overrides: drain === null ? undefined : { end: drain.end, halt: drain.halt },
    cascade: cascade || undefined,
    hold: held || undefined,
  });
  outbox.append(Object.keys(data).length === 0 ? command.audit : { ...command.audit, data });
  return ok({ state: to.value, changed: true, halt: halt.id, held });
}

/** A stop of an agent that is already stopped: it begins no second halt, but may turn a suspension into a hold. */
function stopAgain(
  parts: AgentParts,
  agent: StoredAgent,
  hold: HoldOrder | null,
  audit: AuditDraft,
): Transitioned {
  const changed = hold !== null && agent.state === "suspended" && holdNow(parts, hold);
  if (changed) parts.outbox.append({ ...audit, kind: "agent.held" });
  const stops = (halt: StoredHalt): boolean => halt.kind === "suspend" || halt.kind === "revoke";
  return { state: agent.state, changed, halt: underWay(parts, stops), held: parts.holds.find() !== null };
}

/** Activates or resumes the agent. */
function start(
  parts: AgentParts,
  agent: StoredAgent,
  drain: StoredDrain | null,
  command: TransitionCommand,
  ancestors: AskedAncestors | null,
): Result<Transitioned, OwnerRefusal> {
  const hold = parts.holds.find();
  const ordered = drain?.hold ?? hold;
  const lifted = lift(ordered, command);
  if (!lifted.ok && ordered !== null) {
    const { subject } = ordered.operator;
    return err({ kind: "held", lacks: lifted.error, subject, since: hold?.since ?? null });
  }
  if (drain !== null) return ok(cancelDrain(parts, agent, drain, command.audit));
  if (agent.state === "active") return ok({ state: "active", changed: false, halt: null });
  const now = parts.deps.clock.now();
  if (agent.expiresAt !== null && agent.expiresAt <= now) return err({ kind: "expired" });
  const allowed = ancestorsAllow(ancestors, now);
  if (!allowed.ok) return allowed;
  move(parts, agent, "active", null);
  parts.outbox.append(hold === null ? command.audit : { ...command.audit, data: { lifted: liftedOf(hold) } });
  return ok({ state: "active", changed: true, halt: null });
}

/** The lifted hold as in audit records. */
const liftedOf = ({ operator, since }: StoredHold) => ({ by: operator.subject, since: rfc3339(since) });

/** The view of a hold for callers. */
export const shownHold = (hold: StoredHold | null): KnownHold | null =>
  hold === null ? null : { subject: hold.operator.subject, reason: hold.reason, since: hold.since };

/** Timer `expire`: suspends an agent past its end date. */
export function expire(parts: AgentParts): HaltId | null {
  const { deps, store, outbox } = parts;
  const agent = store.read();
  if (agent?.state !== "active" || agent.expiresAt === null || agent.expiresAt > deps.clock.now())
    return null;
  outbox.append(recordOf(parts, agent, { kind: "agent.expired", operator: DOME_ITSELF }));
  // There is nothing left to drain: the drain's order is carried out now, even a revocation.
  const drain = parts.drains.find();
  if (drain !== null) return carryOut(parts, drain)?.halt ?? null;
  const order = {
    id: deps.ids.next("hlt"),
    operator: DOME_ITSELF,
    reason: "the agent has reached its expires_at",
  };
  return stopNow(parts, agent, "suspended", order, null, null).id;
}

/** Revokes a key. */
export function revokeKey(
  parts: AgentParts,
  command: RevokeKeyCommand,
): Result<{ changed: boolean; halt: HaltId | null }, OwnerRefusal> {
  const agent = parts.store.read();
  if (agent === null) return err({ kind: "absent" });
  const key = parts.store.keys().find((candidate) => candidate.id === command.key);
  if (key === undefined) return err({ kind: "key_absent" });
  if (!keyIsLive(key, parts.deps.clock.now())) {
    return ok({ changed: false, halt: underWay(parts, (halt) => halt.keys.includes(command.key)) });
  }
  endKeyNow(parts, agent, command.key, {
    id: command.halt,
    operator: command.meta.operator,
    reason: command.reason ?? null,
  });
  parts.outbox.append(command.audit);
  return ok({ changed: true, halt: command.halt });
}

/**
 * For a stop of something that is already stopped: the halt that is not effective yet, so that the caller is never told
 * that the stop is complete when it is not (P3).
 */
const underWay = (parts: AgentParts, concerns: (halt: StoredHalt) => boolean): HaltId | null =>
  parts.halts.pending().findLast(concerns)?.id ?? null;

const recordOf = (
  parts: AgentParts,
  agent: StoredAgent,
  facts: Omit<AuditFacts, "workspace" | "agent" | "target">,
): AuditDraft =>
  draftRecord(parts.deps, {
    workspace: agent.workspaceId,
    agent: agent.id,
    target: { type: "agent", id: agent.id },
    ...facts,
  });
