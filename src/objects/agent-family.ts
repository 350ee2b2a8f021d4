/**
 * What an agent does when an ancestor is stopped with all of its family: it stops, once, under the operator and reason
 * of that stop, and its halt names the root's. Runs inside one transaction of the object.
 */
import { draftRecord, type AuditFacts } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { next } from "../lifecycle/states.ts";
import type { FamilyStop, FamilyStopCommand } from "../operations/owners/agent-owner.ts";
import { dropDrain } from "./agent-drain.ts";
import { holdNow, stopNow, type AgentParts } from "./agent-stop.ts";
import type { StoredAgent } from "./agent-store.ts";

/**
 * Idempotent by the state itself: who runs is stopped, who does not is only asked whether its stop is effective. So a
 * repeat after a crash changes nothing, and a start in the middle of a cascade does not get away. A hold is put on who was
 * never activated, too: it does not run, and nobody else may let it begin.
 */
export function stopForFamily(parts: AgentParts, command: FamilyStopCommand): FamilyStop {
  const agent = parts.store.read();
  // Without a row it refuses everything already.
  if (agent === null) return { state: "absent", epoch: 0, stopped: false, effective: true };
  const { operator, reason, cause } = command;
  // An order to revoke that waits for its deadline is not weakened to a suspension.
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
    ...(reason === null ? {} : { detail: reason }),
    ...facts,
  });
