/**
 * Decides whether an agent may start, as far as its ancestors allow it. They are asked before the transaction of the
 * start, and their answer is valid for the life of a lease. So a start and a stop of an ancestor with its descendants
 * cannot miss each other (P3). An ancestor that stops after it was asked walks through its descendants again after
 * `STOP_WAIT_MS`. By then, this start has been committed, and the walk finds it, or it is refused because the answer is
 * too old.
 */
import { within } from "../kernel/clock.ts";
import { err, type Result } from "../kernel/result.ts";
import { LEASE_TTL_MS } from "../lifecycle/lease.ts";
import type { TransitionCommand } from "../operations/owners/agent-owner.ts";
import type { AncestorRefusal, OwnerRefusal } from "../operations/owners/owner-answer.ts";
import { runsAbove } from "../operations/rules/ancestors.ts";
import type { AgentParts } from "./agent-stop.ts";

/** The answer of the ancestors, and the time when they were asked, by this object's clock. */
export interface AskedAncestors {
  readonly askedAt: number;
  readonly run: Result<void, AncestorRefusal>;
}

/** @returns null for a stop, which never waits for ancestors, and when an ancestor has not answered. */
export async function askAncestors(
  { deps, store }: AgentParts,
  { command }: TransitionCommand,
): Promise<AskedAncestors | null> {
  const agent = store.read();
  if (agent === null || agent.state === "active" || (command !== "activate" && command !== "resume"))
    return null;
  const askedAt = deps.clock.now();
  try {
    const run = await within(deps.timers, LEASE_TTL_MS, runsAbove(deps, agent.id));
    return { askedAt, run };
  } catch (fault) {
    deps.log.write("warn", "agent.ancestors_unknown", { agent: agent.id, fault: String(fault) });
    return null;
  }
}

/** Whether the ancestors allow the agent to start now. */
export function ancestorsAllow(asked: AskedAncestors | null, now: number): Result<void, OwnerRefusal> {
  if (asked === null || now < asked.askedAt || now - asked.askedAt > LEASE_TTL_MS)
    return err({ kind: "undecided" });
  return asked.run;
}
