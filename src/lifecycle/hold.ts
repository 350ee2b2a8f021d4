/**
 * A hold: a suspension that only certain roles can lift, with a reason (design part 6). An agent stopped in an
 * incident stays stopped, even when a deployment tries to start its agents.
 */
import { err, ok, type Result } from "../kernel/result.ts";

/** A request to lift a hold: the operator that wants to start the agent, and the reason. */
interface Lifting {
  /** True for roles that may lift a hold. */
  readonly mayLift: boolean;
  readonly reason: string | null;
}

/** What a command lacks in order to lift a hold. */
export type NotLifted = "role" | "reason";

/** @param hold null: there is no hold to lift. */
export function lift(hold: object | null, { mayLift, reason }: Lifting): Result<void, NotLifted> {
  if (hold === null) return ok(undefined);
  if (!mayLift) return err("role");
  return reason === null ? err("reason") : ok(undefined);
}
