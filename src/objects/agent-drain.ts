/**
 * A drain of one agent: begun, cancelled, or carried out at its deadline. Every function runs inside one transaction of
 * the object. The row decides: the timer only wakes, early, late or twice.
 */
import { draftRecord } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { rfc3339 } from "../kernel/clock.ts";
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

/** From now on no new work; at the deadline the stop. Of an agent that drains already only a tighter one is taken. */
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

/** Activate: the agent takes new work again, as if nothing had been ordered. */
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

/** Timer `drain`. @returns the halt that began; or when to look again; or null: there is nothing to do any more. */
export function endDrain(
  parts: AgentParts,
): { readonly halt: HaltId } | { readonly lookAgainAt: number } | null {
  const drain = parts.drains.find();
  if (drain === null) return null;
  if (drain.deadline > parts.deps.clock.now()) return { lookAgainAt: drain.deadline };
  return carryOut(parts, drain);
}

/** What a drain has ordered, done now. */
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
      ...(reason === null ? {} : { detail: reason }),
      data: { after_drain: true, ...dataOf(drain) },
    }),
  );
  return { halt: id };
}

/** The agent leaves `active`, or stays there for good: nothing is ordered any more. */
export function dropDrain(parts: AgentParts): void {
  parts.drains.clear();
  parts.timerTable.cancel("drain", "");
}

/** A drain as callers may see it. */
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

/** For the trail. */
const dataOf = ({ deadline, end, cascade, halt, hold }: StoredDrain) => ({
  deadline: rfc3339(deadline),
  end,
  cascade,
  halt,
  ...(hold == null ? {} : { hold: true }),
});
