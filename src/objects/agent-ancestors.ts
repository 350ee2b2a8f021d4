/**
 * Whether an agent may start, as far as its ancestors go. They are asked before the transaction of the start, and the
 * answer is good for as long as a lease is. So a start and the stop of a family never miss each other (P3): an ancestor
 * that stops after it was asked walks through its family once more after `STOP_WAIT_MS`, when this start has either
 * been committed, and is found, or is refused because the answer is too old.
 */
import { err, type Result } from "../kernel/result.ts";
import { LEASE_TTL_MS } from "../lifecycle/lease.ts";
import type { TransitionCommand } from "../operations/owners/agent-owner.ts";
import type { AncestorRefusal, OwnerRefusal } from "../operations/owners/owner-answer.ts";
import { runsAbove } from "../operations/rules/ancestors.ts";
import type { AgentParts } from "./agent-stop.ts";

/** What the ancestors have answered, and when they were asked, by the clock of this object. */
export interface AskedAncestors {
  readonly askedAt: number;
  readonly run: Result<void, AncestorRefusal>;
}

/**
 * @returns null where nobody needs to be asked, because the command starts nothing, or somebody has not answered while the
 * answer was still good.
 */
export async function askAncestors(
  { deps, store }: AgentParts,
  { command }: TransitionCommand,
): Promise<AskedAncestors | null> {
  const agent = store.read();
  if (agent === null || agent.state === "active" || (command !== "activate" && command !== "resume"))
    return null;
  const askedAt = deps.clock.now();
  try {
    const run = await Promise.race([
      runsAbove(deps, agent.id),
      deps.timers.sleep(LEASE_TTL_MS).then(() => {
        throw new Error("no answer in time");
      }),
    ]);
    return { askedAt, run };
  } catch (fault) {
    deps.log.write("warn", "agent.ancestors_unknown", { agent: agent.id, fault: String(fault) });
    return null;
  }
}

/** Whether the ancestors let the agent start now. */
export function ancestorsAllow(asked: AskedAncestors | null, now: number): Result<void, OwnerRefusal> {
  if (asked === null || now < asked.askedAt || now - asked.askedAt > LEASE_TTL_MS)
    return err({ kind: "undecided" });
  return asked.run;
}
