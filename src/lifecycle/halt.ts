/**
 * A halt: committed → waits `STOP_WAIT_MS` → effective. Committed means that no new lease admits. Effective means
 * that the last lease granted before has expired everywhere (P3). Dome keeps no list of lease holders: the wait
 * covers all of them, known or forgotten.
 *
 * The wait is a relative timer of the running instance. It always lasts its full length, and starts again after a
 * restart, because no clock can be trusted to tell how long a former instance has waited. No recorded time of a
 * halt decides anything; times are for people and for the receipt. All times in milliseconds by the object's clock.
 */
import { STOP_WAIT_MS } from "./lease.ts";

/** The published bound: from the commit, or from the object's last restart in between, until the halt is effective. */
export const EFFECTIVE_BOUND_MS = 2600;

/** The facts that the wait needs about a halt, written by its object in the transaction that stops. */
export interface Halt {
  readonly committedAt: number;
  /** `null` until the wait is over. */
  readonly effectiveAt: number | null;
}

/**
 * How long this instance must sleep before it may call `becomeEffective`: the whole wait, whatever time any clock
 * says has passed; zero when the halt is effective. To be called when the commit is confirmed, and by a new
 * instance for every halt that is still waiting.
 */
export function stopWait(halt: Pick<Halt, "effectiveAt">): number {
  return halt.effectiveAt === null ? STOP_WAIT_MS : 0;
}

/**
 * The halt after its wait. Repeating it changes nothing. The recorded time is never earlier than the commit plus
 * the wait: that much time has really passed, even if the object's clock stood still or stepped back meanwhile.
 */
export function becomeEffective<H extends Halt>(halt: H, now: number): H {
  if (halt.effectiveAt !== null) return halt;
  return { ...halt, effectiveAt: Math.max(now, halt.committedAt + STOP_WAIT_MS) };
}

/**
 * A forecast for people (`effective_in_ms`), between 0 and the whole wait. It decides nothing.
 * @param waitStartedAt when this instance began to wait, by its own clock; `null` when it has not.
 */
export function effectiveInMs(
  halt: Pick<Halt, "effectiveAt">,
  waitStartedAt: number | null,
  now: number,
): number {
  if (halt.effectiveAt !== null) return 0;
  if (waitStartedAt === null) return STOP_WAIT_MS;
  return Math.min(STOP_WAIT_MS, Math.max(0, waitStartedAt + STOP_WAIT_MS - now));
}
