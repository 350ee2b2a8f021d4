/**
 * What may go wrong, and how far: the assumptions under which the constants of `lifecycle/lease.ts` hold.
 *
 * A lease that was granted just before a stop may be used until `LEASE_TTL_MS − MARGIN_MS` = 1,500 ms after it was
 * asked for; the stop is effective `STOP_WAIT_MS` = 2,500 ms after its commit. Between the two lie 1,000 ms: the
 * margin on the asking side and the margin in the wait. They have to pay for everything below that happens within
 * the life of one lease, and the worst of it adds up to 780 ms:
 *
 * |                                                        |        |
 * |--------------------------------------------------------|--------|
 * | the check reads a clock frozen since the last I/O      | 300 ms |
 * | steps back of an isolate's clock that nobody sees      | 400 ms |
 * | an isolate's clock that runs 2 % slow, over 1.5 s      |  30 ms |
 * | an object's relative timer that fires 2 % early        |  50 ms |
 *
 * Either margin alone (500 ms) covers the frozen clock and the drift, but not an unseen step as well.
 *
 * Assumed without a figure:
 * - A step back beyond 400 ms is *seen*: the isolate reads its clock before the step and after it, before the clock
 *   has made up for it. An isolate that sleeps over a large step cannot know; no clock on the platform tells.
 * - A superseded instance of an object (a zombie) is stopped when it touches storage, also by reading.
 * - A confirmed write survives a restart; one that is not confirmed may survive or not, and what was answered after
 *   it is held back until it is confirmed.
 * - Absolute clocks agree with nothing: isolates and instances differ by any amount, and objects' clocks decide
 *   nothing here.
 */
export const FROZEN_LAG_MS = 300;
export const UNSEEN_STEP_MS = 400;
export const DRIFT = 0.02;
export const TIMER_EARLY = 0.02;
/** How late a relative timer of an object fires, at most; it has to fit into the published bound of 2.6 s. */
export const TIMER_LATE_MS = 30;
/** How long a write takes to be confirmed, at most. */
export const CONFIRM_MS = 30;

/** How bad the network, the machines and the clocks are in one run. */
export interface Weather {
  /** Nothing is lost, late or doubled; nothing restarts; clocks keep time. */
  readonly calm: boolean;
  readonly lost: number;
  readonly late: number;
  readonly doubled: number;
}
