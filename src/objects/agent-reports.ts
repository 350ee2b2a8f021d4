/**
 * Stores the events that an agent reports, inside one transaction of its object, which knows the agent's current state.
 */
import { LATE_REPORTS_MS } from "../contract/reported-event.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { ReportCommand, Reported } from "../operations/owners/agent-owner.ts";
import type { AgentParts } from "./agent-stop.ts";
import { keyIsLive, type StoredAgent } from "./agent-store.ts";
import { SWEEP_REPORTS_MS } from "./report-table.ts";

/** The time for which a suspended agent may still deliver buffered events, in milliseconds. */
export const lateReportsLeft = (
  { stateChangedAt }: Pick<StoredAgent, "stateChangedAt">,
  now: number,
): number => Math.max(0, stateChangedAt + LATE_REPORTS_MS - now);

export function report(
  parts: AgentParts,
  { by, events }: ReportCommand,
): Result<Reported, { readonly kind: "closed" }> {
  const { deps, store, reports, outbox, timerTable } = parts;
  const now = deps.clock.now();
  const agent = store.read();
  if (agent === null || !isOpenTo(parts, agent, by, now)) return err({ kind: "closed" });
  const late = agent.state === "suspended";
  const known = new Map(reports.known(events.map(({ draft }) => draft.id)));
  const outcomes = events.map(({ draft, digest }) => {
    const earlier = known.get(draft.id);
    if (earlier !== undefined) return earlier === digest ? "merged" : "conflict";
    known.set(draft.id, digest);
    reports.note(draft.id, digest, now);
    outbox.append(late ? { ...draft, data: { ...draft.data, late } } : draft);
    return "recorded";
  });
  if (outcomes.includes("recorded")) timerTable.ensure("reports", "", now + SWEEP_REPORTS_MS);
  return ok({ outcomes, late });
}

/**
 * True for an active agent, and for a recently suspended one that presents a key: a token belongs to an epoch that has
 * ended.
 */
function isOpenTo(
  { store }: AgentParts,
  agent: StoredAgent,
  { key, epoch }: ReportCommand["by"],
  now: number,
): boolean {
  const held = store.keys().find(({ id }) => id === key);
  if (held === undefined || !keyIsLive(held, now)) return false;
  if (epoch !== null) return agent.state === "active" && agent.epoch === epoch;
  return agent.state === "active" || (agent.state === "suspended" && lateReportsLeft(agent, now) > 0);
}

/**
 * Timer `reports`.
 * @returns when to sweep again (milliseconds since the epoch).
 */
export const sweepReports = ({ deps, reports }: AgentParts): number | undefined => {
  const now = deps.clock.now();
  const next = reports.sweep(now);
  return next === undefined ? undefined : Math.max(next, now + SWEEP_REPORTS_MS);
};
