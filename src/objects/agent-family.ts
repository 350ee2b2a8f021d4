/**
 * What an agent does when an ancestor is stopped with all of its family: it stops, once, under the operator and reason
 * of that stop, and its halt names the root's. Runs inside one transaction of the object.
 */
import { draftRecord } from "../audit/record.ts";
import { next } from "../lifecycle/states.ts";
import type { FamilyStop, FamilyStopCommand } from "../operations/owners/agent-owner.ts";
import { dropDrain } from "./agent-drain.ts";
import { stopNow, type AgentParts } from "./agent-stop.ts";

/**
 * Idempotent by the state itself: who runs is stopped, who does not is only asked whether its stop is effective. So a
 * repeat after a crash changes nothing, and a resume in the middle of a cascade does not get away.
 */
export function stopForFamily(parts: AgentParts, command: FamilyStopCommand): FamilyStop {
  const agent = parts.store.read();
  // Without a row it refuses everything already.
  if (agent === null) return { state: "absent", epoch: 0, stopped: false, effective: true };
  const { operator, reason, cause, requestId } = command;
  // An order to revoke that waits for its deadline is not weakened to a suspension.
  const drain = parts.drains.find();
  const end = drain?.end === "revoked" ? "revoked" : command.end;
  const to = next(agent.state, end === "revoked" ? "revoke" : "suspend");
  if (!to.ok || to.value === agent.state) {
    const waits = parts.halts.pending().some(({ kind }) => kind !== "key");
    return { state: agent.state, epoch: agent.epoch, stopped: false, effective: !waits };
  }
  dropDrain(parts);
  const halt = stopNow(parts, agent, end, { id: parts.deps.ids.next("hlt"), operator, reason, cause }, null);
  parts.outbox.append(
    draftRecord(parts.deps, {
      workspace: agent.workspaceId,
      agent: agent.id,
      kind: end === "revoked" ? "agent.revoked" : "agent.suspended",
      target: { type: "agent", id: agent.id },
      operator,
      request_id: requestId,
      ...(reason === null ? {} : { detail: reason }),
      data: { cascade_from: cause.agent, cascade_halt: cause.halt, halt: halt.id },
    }),
  );
  return { state: end, epoch: halt.agents[0]?.epoch ?? agent.epoch, stopped: true, effective: false };
}
