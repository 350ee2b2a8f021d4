/**
 * Lifecycle of one agent: what activate, suspend, resume, revoke, the end of a key and the agent's own end date do to
 * its rows. Every function runs inside one transaction of the object; D1 is told afterwards, from a timer.
 */
import { draftRecord, type AuditFacts } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
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

/** Who acts when an agent's own end date suspends it. */
const DOME_ITSELF: OperatorRef = { subject: "dome", token: "expires_at" };

/**
 * Carries a command out, or says why not.
 * @param ancestors what they have answered; only a start looks at it.
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
  if (drain !== null) dropDrain(parts); // a stop without a drain overrides one, and loosens nothing that holds
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
  const data = {
    ...(drain === null ? {} : { overrides: { end: drain.end, halt: drain.halt } }),
    ...(cascade ? { cascade: true } : {}),
    ...(held ? { hold: true } : {}),
  };
  outbox.append(Object.keys(data).length === 0 ? command.audit : { ...command.audit, data });
  return ok({ state: to.value, changed: true, halt: halt.id, held });
}

/** A stop of what is stopped already: there is no other halt, but a suspension may be held from now on. */
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

/** Activate, resume. */
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

/** For the trail. */
const liftedOf = ({ operator, since }: StoredHold) => ({ by: operator.subject, since: rfc3339(since) });

/** A hold as callers may see it. */
export const shownHold = (hold: StoredHold | null): KnownHold | null =>
  hold === null ? null : { subject: hold.operator.subject, reason: hold.reason, since: hold.since };

/** Timer `expire`: an agent past its end date is suspended, as if an operator had done it. */
export function expire(parts: AgentParts): HaltId | null {
  const { deps, store, outbox } = parts;
  const agent = store.read();
  if (agent?.state !== "active" || agent.expiresAt === null || agent.expiresAt > deps.clock.now())
    return null;
  outbox.append(recordOf(parts, agent, { kind: "agent.expired", operator: DOME_ITSELF }));
  // Nothing is left to drain: what was ordered for the deadline is done now, a revocation included.
  const drain = parts.drains.find();
  if (drain !== null) return carryOut(parts, drain)?.halt ?? null;
  const order = {
    id: deps.ids.next("hlt"),
    operator: DOME_ITSELF,
    reason: "the agent has reached its expires_at",
  };
  return stopNow(parts, agent, "suspended", order, null, null).id;
}

/** Ends a key now. */
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

/** Whoever stops what is stopped already is told of the halt that is not effective yet, never that all is over (P3). */
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
