/**
 * The only code that changes the state of an agent, and that begins the halt of a stop. Every function runs inside one
 * transaction of the object.
 */
import { draftRecord } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { defined } from "../kernel/defined.ts";
import type { HaltId, KeyId } from "../kernel/ids.ts";
import { startsOrStops } from "../lifecycle/states.ts";
import type { HaltCause, StoredHalt } from "../operations/owners/halts.ts";
import type { OperatorRef } from "../operations/request/request-meta.ts";
import type { KnownStop } from "../registry/agents.ts";
import { tell, tellKeys } from "./agent-events.ts";
import type { HeardTable } from "./agent-hearing.ts";
import type { AgentStore, StoredAgent } from "./agent-store.ts";
import type { CascadeTable } from "./cascade-table.ts";
import type { EventTable } from "./event-table.ts";
import type { DrainTable } from "./drain-table.ts";
import type { HoldOrder, HoldTable } from "./hold-table.ts";
import type { OwnerParts } from "./owner-core.ts";
import type { ReportTable } from "./report-table.ts";

/** The kinds of timers of an agent's object, in addition to those of every owner. */
export type AgentTimer =
  "project" | "drain" | "cascade" | "expire" | "revoked_tokens" | "reports" | "events" | "streams" | "watch";

export interface AgentParts extends OwnerParts<AgentTimer> {
  readonly store: AgentStore;
  readonly drains: DrainTable;
  readonly cascades: CascadeTable;
  readonly holds: HoldTable;
  readonly reports: ReportTable;
  readonly events: EventTable;
  readonly heard: HeardTable;
}

export interface Order {
  readonly id: HaltId;
  readonly operator: OperatorRef;
  readonly reason: string | null;
  readonly cause?: HaltCause;
}

/**
 * Stops an agent that is not revoked, or begins another halt in the state that it has.
 * @param cascadeOf the id of the request that stops the descendants too; null for the agent alone.
 * @param hold the operator and reason of a hold; null when the suspension is no hold.
 */
export function stopNow(
  parts: AgentParts,
  agent: StoredAgent,
  to: "suspended" | "revoked",
  order: Order,
  cascadeOf: string | null,
  hold: HoldOrder | null,
): StoredHalt {
  const epoch = to === agent.state ? agent.epoch : move(parts, agent, to, order);
  if (hold !== null && to === "suspended") holdNow(parts, hold);
  const halt = beginHalt(parts, agent, to === "revoked" ? "revoke" : "suspend", [], epoch, order);
  if (cascadeOf !== null) {
    parts.cascades.begin(halt.id, to, cascadeOf, hold !== null);
    parts.timerTable.set("cascade", halt.id, halt.committedAt);
  }
  return halt;
}

/**
 * Puts a hold on a suspended agent.
 * @returns false when it was held already.
 */
export function holdNow(parts: AgentParts, { operator, reason }: HoldOrder): boolean {
  const { deps, holds, store, timerTable } = parts;
  if (holds.find() !== null) return false;
  const now = deps.clock.now();
  holds.put({ operator, reason, since: now });
  store.raiseStateVersion();
  timerTable.set("project", "", now);
  return true;
}

/** Revokes a live key and begins the halt that ends every token minted from it. */
export function endKeyNow(parts: AgentParts, agent: StoredAgent, key: KeyId, order: Order): StoredHalt {
  const now = parts.deps.clock.now();
  parts.store.revokeKey(key, now);
  tellKeys(parts);
  parts.timerTable.set("project", "", now);
  return beginHalt(parts, agent, "key", [key], agent.epoch, order);
}

/** The audit record of a halt that becomes effective; for a cascade with its counts. */
export function effectiveRecord(
  { deps, cascades }: Pick<AgentParts, "deps" | "cascades">,
  halt: StoredHalt,
): AuditDraft {
  const cascade = cascades.progress(halt.id, true);
  return draftRecord(deps, {
    workspace: halt.workspaceId,
    kind: "halt.effective",
    operator: halt.operator,
    ...defined({ agent: halt.agents[0]?.agent }),
    target: { type: "halt", id: halt.id },
    data: {
      kind: halt.kind,
      keys: [...halt.keys],
      ...defined({
        cause: halt.cause && { ...halt.cause },
        cascade: cascade === null ? undefined : { total: cascade.total, effective: cascade.effective },
      }),
    },
  });
}

/**
 * Changes the state. Leaving `suspended` removes the hold.
 * @param order the stop; null for a start.
 * @returns the epoch from now on.
 */
export function move(
  parts: AgentParts,
  agent: StoredAgent,
  to: StoredAgent["state"],
  order: Order | null,
): number {
  const { deps, store, timerTable } = parts;
  const now = deps.clock.now();
  const epoch = startsOrStops(agent.state, to) ? agent.epoch + 1 : agent.epoch;
  store.setState(to, epoch, now, order === null ? null : stopOf(order));
  if (to !== "suspended") parts.holds.clear();
  if (to === "active") tell(parts, agent.state === "suspended" ? "agent.resumed" : "agent.activated");
  else if (to !== "provisioned") tell(parts, `agent.${to}`);
  timerTable.set("project", "", now);
  return epoch;
}

const stopOf = ({ id, operator, reason }: Order): KnownStop => ({
  subject: operator.subject,
  reason,
  halt: id,
});

function beginHalt(
  parts: AgentParts,
  agent: StoredAgent,
  kind: StoredHalt["kind"],
  keys: readonly KeyId[],
  epoch: number,
  order: Order,
): StoredHalt {
  const halt: StoredHalt = {
    ...order,
    kind,
    workspaceId: agent.workspaceId,
    agents: [{ agent: agent.id, epoch }],
    keys,
    committedAt: parts.deps.clock.now(),
    effectiveAt: null,
  };
  parts.halts.commit(halt);
  return halt;
}
