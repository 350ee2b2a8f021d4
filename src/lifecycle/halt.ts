/**
 * A halt: committed → waits `STOP_WAIT_MS` → effective. Committed means that no new lease admits; effective means
 * that the last lease given before has ended everywhere, whoever holds it (P3). No list of lease holders is kept:
 * the wait covers them all, known or forgotten.
 *
 * The wait is a relative timer of the instance that runs it, always whole, and again after a restart: how much of
 * it a former instance has waited, no clock can be trusted to tell. No time in a halt decides anything; times are
 * for people and for the receipt. All times in milliseconds by the object's clock.
 */
import { STOP_WAIT_MS } from "./lease.ts";

/** The published bound from the commit, or from the object's last restart in between, to effective. */
export const EFFECTIVE_BOUND_MS = 2600;

/** What the wait needs to know of a halt as its object keeps it, written in the transaction that stops. */
export interface Halt {
  readonly committedAt: number;
  /** `null` until the wait is over. */
  readonly effectiveAt: number | null;
}

/**
 * How long this instance must sleep before it may call `becomeEffective`: the whole wait, whatever time has passed
 * by any clock; nothing when the halt is effective. To be called when the commit is confirmed, and by a new
 * instance for every halt that it finds waiting.
 */
export function stopWait(halt: Pick<Halt, "effectiveAt">): number {
  return halt.effectiveAt === null ? STOP_WAIT_MS : 0;
}

/**
 * The halt after its wait. Repeating it changes nothing.
 * The recorded time is never earlier than the commit plus the wait: that much time has really passed, even if the
 * object's clock stood still or stepped back meanwhile.
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
