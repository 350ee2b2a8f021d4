/**
 * Draining: an active agent takes no new work and is stopped at a deadline. What is under way may end until then; the
 * stop itself is committed at the deadline and waits as every stop does (design part 6).
 */
import { err, ok, type Result } from "../kernel/result.ts";

/** The longest drain, in seconds. */
export const MOST_DRAIN_SECONDS = 3_600;

/** Where a drain leads. `deadline` in milliseconds by the clock of the agent's object. */
export interface Drain {
  readonly deadline: number;
  readonly end: "suspended" | "revoked";
  /** True: the stop at the deadline takes the agent's descendants with it. */
  readonly cascade: boolean;
}

/** Why a second drain is refused: it would give back what the first has taken. */
export type DrainConflict = "later" | "weaker" | "narrower";

/**
 * Whether a drain may replace one that is under way. It may only tighten: an earlier deadline, the same or the
 * stricter end, as many agents. To loosen a drain, it is cancelled (activate) and ordered anew.
 */
export function tightens(standing: Drain, wanted: Drain): Result<void, DrainConflict> {
  if (wanted.deadline > standing.deadline) return err("later");
  if (standing.end === "revoked" && wanted.end !== "revoked") return err("weaker");
  return standing.cascade && !wanted.cascade ? err("narrower") : ok(undefined);
}
