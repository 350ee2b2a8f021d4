/**
 * Begins, cancels, and ends the drain of one agent. Every function runs inside one transaction of the object. The
 * stored row decides what happens; the timer only wakes the object, and may do so early, late or twice.
 */
import { draftRecord } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import type { HaltId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { tightens } from "../lifecycle/drain.ts";
import type { TransitionCommand, Transitioned } from "../operations/owners/agent-owner.ts";
import type { KnownDrain } from "../registry/agents.ts";
import type { OwnerRefusal } from "../operations/owners/owner-answer.ts";
import { tell } from "./agent-events.ts";
import { stopNow, type AgentParts } from "./agent-stop.ts";
import type { StoredAgent } from "./agent-store.ts";
import type { StoredDrain } from "./drain-table.ts";

/**
 * Begins a drain: the agent gets no new work from now on, and is stopped at the deadline. While the agent is already
 * draining, only a tighter drain is accepted.
 */
export function beginDrain(
  parts: AgentParts,
  agent: StoredAgent,
  command: TransitionCommand,
  end: StoredDrain["end"],
): Result<Transitioned, OwnerRefusal> {
  const standing = parts.drains.find();
  const { operator } = command.meta;
  const drain: StoredDrain = {
    deadline: parts.deps.clock.now() + command.drainMs,
    end,
    cascade: command.cascade,
    halt: command.halt,
    operator,
    reason: command.reason,
    requestId: command.meta.requestId,
    hold: standing?.hold ?? (command.hold ? { operator, reason: command.reason } : null),
  };
  const allowed = standing === null ? ok(undefined) : tightens(standing, drain);
  if (!allowed.ok && standing !== null) {
    return err({ kind: "drain_conflict", why: allowed.error, deadline: standing.deadline });
  }
  parts.drains.put(drain);
  parts.timerTable.set("drain", "", drain.deadline);
  // oxlint-disable-next-line unicorn/no-thenable -- the word of the interface, and no function
  tell(parts, "agent.draining", { deadline: drain.deadline, then: drain.end });
  tellRegistry(parts);
  parts.outbox.append({ ...command.audit, kind: "agent.draining", data: { ...dataOf(drain) } });
  return ok({ state: agent.state, changed: true, halt: null, draining: shownDrain(drain) });
}

/** Cancels a drain, when the agent is activated: it takes new work again. */
export function cancelDrain(
  parts: AgentParts,
  agent: StoredAgent,
  drain: StoredDrain,
  audit: AuditDraft,
): Transitioned {
  dropDrain(parts);
  tell(parts, "agent.activated");
  tellRegistry(parts);
  parts.outbox.append({ ...audit, kind: "agent.drain_cancelled", data: { ...dataOf(drain) } });
  return { state: agent.state, changed: true, halt: null, draining: null };
}

/**
 * Timer `drain`.
 * @returns the halt that began, or the time to look again (milliseconds since the epoch), or null when there is no
 * drain.
 */
export function endDrain(
  parts: AgentParts,
): { readonly halt: HaltId } | { readonly lookAgainAt: number } | null {
  const drain = parts.drains.find();
  if (drain === null) return null;
  if (drain.deadline > parts.deps.clock.now()) return { lookAgainAt: drain.deadline };
  return carryOut(parts, drain);
}

/** Carries out now what the drain ordered. */
export function carryOut(parts: AgentParts, drain: StoredDrain): { readonly halt: HaltId } | null {
  const agent = parts.store.read();
  dropDrain(parts);
  if (agent?.state !== "active") return null;
  const { halt: id, operator, reason, cascade, requestId } = drain;
  stopNow(parts, agent, drain.end, { id, operator, reason }, cascade ? requestId : null, drain.hold ?? null);
  parts.outbox.append(
    draftRecord(parts.deps, {
      workspace: agent.workspaceId,
      agent: agent.id,
      kind: drain.end === "revoked" ? "agent.revoked" : "agent.suspended",
      target: { type: "agent", id: agent.id },
      operator,
      request_id: requestId,
      ...defined({ detail: reason ?? undefined }),
      data: { after_drain: true, ...dataOf(drain) },
    }),
  );
  return { halt: id };
}

/** Removes the drain, because the agent leaves `active` or the drain was cancelled. */
export function dropDrain(parts: AgentParts): void {
  parts.drains.clear();
  parts.timerTable.cancel("drain", "");
}

/** The view of a drain for callers. */
export const shownDrain = ({ deadline, end, halt, hold }: StoredDrain): KnownDrain => ({
  deadline,
  end,
  halt,
  hold: hold != null,
});

function tellRegistry(parts: AgentParts): void {
  parts.store.raiseStateVersion();
  parts.timerTable.set("project", "", parts.deps.clock.now());
}

/** The drain as in audit records. */
const dataOf = ({ deadline, end, cascade, halt, hold }: StoredDrain) => ({
  deadline: rfc3339(deadline),
  end,
  cascade,
  halt,
  ...defined({ hold: hold == null ? undefined : true }),
});
