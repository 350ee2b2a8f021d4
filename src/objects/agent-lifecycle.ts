/**
 * Lifecycle of one agent: what activate, suspend, resume, revoke, the end of a key and the agent's own end date do to
 * its rows. Every function runs inside one transaction of the object; D1 is told afterwards, from a timer.
 */
import { draftRecord, type AuditFacts } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import type { HaltId, KeyId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { next, startsOrStops } from "../lifecycle/states.ts";
import type {
  OperatorRef,
  OwnerRefusal,
  RevokeKeyCommand,
  StoredHalt,
  TransitionCommand,
  Transitioned,
} from "../operations/owners.ts";
import { keyIsLive, type AgentStore, type StoredAgent } from "./agent-store.ts";
import type { HaltTable } from "./halt-table.ts";
import type { Outbox } from "./outbox.ts";
import type { ObjectPorts } from "./ports.ts";
import type { TimerTable } from "./timer-table.ts";

/** Who acts when an agent's own end date suspends it. */
const DOME_ITSELF: OperatorRef = { subject: "dome", token: "expires_at" };

export interface AgentParts {
  readonly ports: ObjectPorts;
  readonly store: AgentStore;
  readonly halts: HaltTable;
  readonly outbox: Outbox;
  readonly table: TimerTable;
}

/** Carries a command out, or says why not. */
export function transition(
  parts: AgentParts,
  command: TransitionCommand,
): Result<Transitioned, OwnerRefusal> {
  const { ports, store, outbox } = parts;
  const agent = store.read();
  if (agent === null) return err({ kind: "absent" });
  const to = next(agent.state, command.command);
  if (!to.ok) return err({ kind: "invalid_transition", from: agent.state, command: command.command });
  const now = ports.clock.now();
  if (to.value === agent.state) {
    const stops = (halt: StoredHalt): boolean => halt.kind === "suspend" || halt.kind === "revoke";
    const halt = agent.state === "active" ? null : underWay(parts, stops);
    return ok({ state: agent.state, changed: false, halt });
  }
  if (to.value === "active" && agent.expiresAt !== null && agent.expiresAt <= now)
    return err({ kind: "expired" });
  const halt = move(parts, agent, to.value, {
    id: command.halt,
    operator: command.mandate.operator,
    reason: command.reason,
  });
  outbox.append(command.audit);
  return ok({ state: to.value, changed: true, halt: halt?.id ?? null });
}

/** Timer `expire`: an agent past its end date is suspended, as if an operator had done it. */
export function expire(parts: AgentParts): HaltId | null {
  const { ports, store, outbox } = parts;
  const agent = store.read();
  if (agent?.state !== "active" || agent.expiresAt === null || agent.expiresAt > ports.clock.now())
    return null;
  const halt = move(parts, agent, "suspended", {
    id: ports.ids.next("hlt"),
    operator: DOME_ITSELF,
    reason: "the agent has reached its expires_at",
  });
  outbox.append(recordOf(parts, agent, { kind: "agent.expired", operator: DOME_ITSELF }));
  return halt?.id ?? null;
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
  if (!keyIsLive(key, parts.ports.clock.now())) {
    return ok({ changed: false, halt: underWay(parts, (halt) => halt.keys.includes(command.key)) });
  }
  endKeyNow(parts, agent, command.key, {
    id: command.halt,
    operator: command.mandate.operator,
    reason: null,
  });
  parts.outbox.append(command.audit);
  return ok({ changed: true, halt: command.halt });
}

/** Whoever stops what is stopped already is told of the halt that is not effective yet, never that all is over (P3). */
const underWay = (parts: AgentParts, concerns: (halt: StoredHalt) => boolean): HaltId | null =>
  parts.halts.pending().findLast(concerns)?.id ?? null;

interface Order {
  readonly id: HaltId;
  readonly operator: OperatorRef;
  readonly reason: string | null;
}

/** Revokes a live key and begins the halt that ends every token minted from it. */
export function endKeyNow(parts: AgentParts, agent: StoredAgent, key: KeyId, order: Order): StoredHalt {
  const now = parts.ports.clock.now();
  parts.store.revokeKey(key, now);
  parts.table.set("project", "", now);
  return beginHalt(parts, agent, "key", [key], agent.epoch, order);
}

/** Audit record of the halt becoming effective. */
export const effectiveRecord = (parts: Pick<AgentParts, "ports">, halt: StoredHalt): AuditDraft =>
  draftRecord(parts.ports, {
    workspace: halt.workspaceId,
    kind: "halt.effective",
    operator: halt.operator,
    ...(halt.agents[0] === undefined ? {} : { agent: halt.agents[0].agent }),
    target: { type: "halt", id: halt.id },
    data: { kind: halt.kind, keys: [...halt.keys] },
  });

function move(
  parts: AgentParts,
  agent: StoredAgent,
  to: StoredAgent["state"],
  order: Order,
): StoredHalt | null {
  const { ports, store, table } = parts;
  const now = ports.clock.now();
  const epoch = startsOrStops(agent.state, to) ? agent.epoch + 1 : agent.epoch;
  store.setState(to, epoch, now);
  table.set("project", "", now);
  if (to === "active") return null;
  return beginHalt(parts, agent, to === "revoked" ? "revoke" : "suspend", [], epoch, order);
}

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
    committedAt: parts.ports.clock.now(),
    effectiveAt: null,
  };
  parts.halts.commit(halt);
  return halt;
}

const recordOf = (
  parts: AgentParts,
  agent: StoredAgent,
  facts: Omit<AuditFacts, "workspace" | "agent" | "target">,
): AuditDraft =>
  draftRecord(parts.ports, {
    workspace: agent.workspaceId,
    agent: agent.id,
    target: { type: "agent", id: agent.id },
    ...facts,
  });
