/**
 * Draining: an active agent accepts no new work and is stopped at a deadline. Running work may finish until then.
 * The stop is committed at the deadline and then waits as every stop does (design part 6).
 */
import { err, ok, type Result } from "../kernel/result.ts";

/** The longest drain, in seconds. */
export const MOST_DRAIN_SECONDS = 3_600;

/** The end of a drain. `deadline` in milliseconds by the clock of the agent's object. */
export interface Drain {
  readonly deadline: number;
  readonly end: "suspended" | "revoked";
  /** True: the stop at the deadline also stops the agent's descendants. */
  readonly cascade: boolean;
}

/** Why a second drain is refused: it would loosen the first one. */
export type DrainConflict = "later" | "weaker" | "narrower";

/**
 * Whether a drain may replace a current one. It may only tighten: an earlier deadline, the same or the stricter
 * end, and at least as many agents. To loosen a drain, cancel it (activate) and order a new one.
 */
export function tightens(standing: Drain, wanted: Drain): Result<void, DrainConflict> {
  if (wanted.deadline > standing.deadline) return err("later");
  if (standing.end === "revoked" && wanted.end !== "revoked") return err("weaker");
  return standing.cascade && !wanted.cascade ? err("narrower") : ok(undefined);
}
