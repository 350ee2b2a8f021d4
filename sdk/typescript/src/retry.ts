/** Whether a failed request is sent again, and after how long. Pure: the error in, milliseconds or null out. */
import { ApiError, ConnectionError, TimeoutError, type DomeError } from "./errors.ts";

/** How often a request is sent again. */
export const RETRIES = 2;
/** A service that asks for more patience than this is not waited for: the caller hears it instead. */
export const LONGEST_WAIT_MS = 30_000;
/**
 * How long the first request under the same Idempotency-Key is waited for. The service lets a claim lapse after 30 s,
 * so that after this time a repeat can take it over (P12).
 */
const IN_PROGRESS_WAIT_MS = 35_000;

/** Between two tries of what goes on in the background: at most this, whatever the service asks for. */
const LONGEST_PAUSE_MS = 30_000;
const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 4_000;
const IN_PROGRESS_PAUSE_MS = 500;

export interface Attempt {
  /** How many retries have been made. */
  readonly made: number;
  readonly allowed: number;
  /** Time waited so far for a first request that is still running, in milliseconds. */
  readonly inProgressMs: number;
  /** Whether the request is a change. */
  readonly changes: boolean;
  /** 0 ≤ jitter < 1: spreads the retries of clients that failed together. */
  readonly jitter: number;
}

/** @returns how long to wait before the next attempt in milliseconds, or null: give up and report `error`. */
export function waitBeforeRetry(error: DomeError, attempt: Attempt): number | null {
  if (attempt.changes && isOfToolServer(error)) return null;
  if (isInProgress(error)) {
    const wait = Math.max(IN_PROGRESS_PAUSE_MS, error.retryAfterMs ?? 0); // none would never end the waiting
    return attempt.inProgressMs + wait <= IN_PROGRESS_WAIT_MS ? wait : null;
  }
  if (attempt.made >= attempt.allowed || !isTransient(error)) return null;
  const asked = error instanceof ApiError ? error.retryAfterMs : null;
  if (asked !== null) return asked <= LONGEST_WAIT_MS ? asked : null;
  return backOff(attempt.made, LONGEST_BACK_OFF_MS, attempt.jitter);
}

/**
 * Twice as long after each failure, up to a bound; the half of it by chance, so that clients that failed together do not
 * come back together.
 * @returns milliseconds.
 */
const backOff = (made: number, longestMs: number, jitter: number): number =>
  Math.round(Math.min(longestMs, FIRST_BACK_OFF_MS * 2 ** made) * (0.5 + jitter / 2));

/**
 * After which time something in the background is tried again: as the service asks, within bounds, or by back-off.
 * @param made how many tries failed before this one.
 * @returns milliseconds.
 */
export function pauseAfter(fault: unknown, made: number, jitter: number): number {
  const asked = fault instanceof ApiError ? fault.retryAfterMs : null;
  if (asked === null) return backOff(made, LONGEST_PAUSE_MS, jitter);
  return Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_BACK_OFF_MS, asked));
}

/** The repeat of a request met its own first copy, still running. */
export const isInProgress = (error: DomeError): error is ApiError =>
  error instanceof ApiError && error.code === "request_in_progress";

/**
 * The server of a tool failed, which Dome asks before it changes anything: nothing was changed, and asking again at once
 * would only ask that server again.
 */
export const isOfToolServer = (error: DomeError): boolean =>
  error instanceof ApiError && error.code.startsWith("upstream_");

/** A draining agent takes no new work any more: asking again cannot change the answer. */
const isFinal = (error: DomeError): boolean => error instanceof ApiError && error.code === "draining";

/** Asked again, it may go well. */
export const isTransient = (error: DomeError): boolean =>
  !isFinal(error) &&
  (error instanceof ConnectionError ||
    error instanceof TimeoutError ||
    (error instanceof ApiError && (error.status === 429 || error.status >= 500)));

/**
 * `Retry-After` (RFC 9110 §10.2.3): seconds, or an HTTP date.
 * @param now milliseconds since the epoch by the clock of the sender, whose date it is.
 * @returns milliseconds, never negative; null when there is none or it is not understood.
 */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
