/**
 * Stops an agent because an ancestor is stopped with all its descendants: once, with the operator and the reason of
 * that stop. The agent's halt names the ancestor's halt. Runs inside one transaction of the object.
 */
import { draftRecord, type AuditFacts } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { defined } from "../kernel/defined.ts";
import { next } from "../lifecycle/states.ts";
import type { FamilyStop, FamilyStopCommand } from "../operations/owners/agent-owner.ts";
import { dropDrain } from "./agent-drain.ts";
import { holdNow, stopNow, type AgentParts } from "./agent-stop.ts";
import type { StoredAgent } from "./agent-store.ts";

/**
 * Idempotent, because the state itself decides: a running agent is stopped; for a stopped one, only whether its stop is
 * effective is reported. So a repeat after a crash changes nothing, and an agent that starts in the middle of a cascade
 * is still stopped. A hold is also put on an agent that was never activated, so that only roles that may lift a hold
 * can activate it.
 */
export function stopForFamily(parts: AgentParts, command: FamilyStopCommand): FamilyStop {
  const agent = parts.store.read();
  // An object without a row already refuses everything.
  if (agent === null) return { state: "absent", epoch: 0, stopped: false, effective: true };
  const { operator, reason, cause } = command;
  // A drain that ends in a revocation is not weakened to a suspension.
  const drain = parts.drains.find();
  const end = drain?.end === "revoked" ? "revoked" : command.end;
  const hold = command.hold === true ? { operator, reason } : (drain?.hold ?? null);
  const to = next(agent.state, end === "revoked" ? "revoke" : "suspend");
  if (!to.ok || to.value === agent.state) {
    if (hold !== null && agent.state !== "revoked" && holdNow(parts, hold)) {
      parts.outbox.append(recordOf(parts, agent, command, { kind: "agent.held", data: fromRoot(command) }));
    }
    const waits = parts.halts.pending().some(({ kind }) => kind !== "key");
    return { state: agent.state, epoch: agent.epoch, stopped: false, effective: !waits };
  }
  dropDrain(parts);
  const order = { id: parts.deps.ids.next("hlt"), operator, reason, cause };
  const halt = stopNow(parts, agent, end, order, null, hold);
  const holds = hold === null || end === "revoked" ? {} : { hold: true };
  parts.outbox.append(
    recordOf(parts, agent, command, {
      kind: end === "revoked" ? "agent.revoked" : "agent.suspended",
      data: { ...fromRoot(command), halt: halt.id, ...holds },
    }),
  );
  return { state: end, epoch: halt.agents[0]?.epoch ?? agent.epoch, stopped: true, effective: false };
}

const fromRoot = ({ cause }: FamilyStopCommand) => ({ cascade_from: cause.agent, cascade_halt: cause.halt });

const recordOf = (
  parts: AgentParts,
  agent: StoredAgent,
  { operator, reason, requestId }: FamilyStopCommand,
  facts: Pick<AuditFacts, "kind" | "data">,
): AuditDraft =>
  draftRecord(parts.deps, {
    workspace: agent.workspaceId,
    agent: agent.id,
    target: { type: "agent", id: agent.id },
    operator,
    request_id: requestId,
    ...defined({ detail: reason ?? undefined }),
    ...facts,
  });
