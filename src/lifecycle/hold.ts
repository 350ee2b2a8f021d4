/**
 * A hold: a suspension that only certain roles lift, with a reason (design part 6). Whoever stops an agent because of an
 * incident must find it stopped later, whatever a deployment that starts agents has done meanwhile.
 */
import { err, ok, type Result } from "../kernel/result.ts";

/** What is asked of a hold: who wants the agent to go on, and why. */
interface Lifting {
  /** True for the roles that lift a hold. */
  readonly mayLift: boolean;
  readonly reason: string | null;
}

/** What a command lacks to lift a hold. */
export type NotLifted = "role" | "reason";

/** @param hold null: nothing holds, so nothing has to be lifted. */
export function lift(hold: object | null, { mayLift, reason }: Lifting): Result<void, NotLifted> {
  if (hold === null) return ok(undefined);
  if (!mayLift) return err("role");
  return reason === null ? err("reason") : ok(undefined);
}
