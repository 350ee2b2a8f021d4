/**
 * When a call that its server has not answered is sent once more. The caller of this file has made sure that the call may
 * reach the server twice: it changes nothing, as an operator has reviewed or as its method says, its body is still there,
 * and nothing of an answer has been released.
 */
import type { Result } from "../../kernel/result.ts";
import { retryAfterMs } from "./retry-after.ts";
import { isOfNobody } from "./status.ts";

/** The shortest pause before the second time, in milliseconds: a server that restarts needs a moment. */
const PAUSE_MS = 250;
/** The longest one. A server that asks for more gets its answer passed on: the caller can wait better than Dome. */
export const LONGEST_PAUSE_MS = 10_000;

/** As far as it says whether a server is away. */
export interface Attempted {
  readonly status: number;
  readonly headers?: Headers;
}

type Unreached = { readonly kind: string; readonly status?: number };

/**
 * @param until when the act must have ended, in milliseconds since the epoch, as `now`.
 * @returns how long to wait before the call is sent once more, in milliseconds; null: it is not.
 */
export function pauseBeforeRepeat(
  answer: Result<Attempted, Unreached>,
  { now, until }: { readonly now: number; readonly until: number },
): number | null {
  if (!isAway(answer)) return null;
  const asked = answer.ok ? retryAfterMs(answer.value.headers?.get("retry-after") ?? null, now) : null;
  const pause = Math.max(PAUSE_MS, asked ?? 0);
  return pause <= LONGEST_PAUSE_MS && now + pause < until ? pause : null;
}

/** Not a time limit: what has taken so long would take as long again. */
const isAway = (answer: Result<Attempted, Unreached>): boolean =>
  answer.ok
    ? isOfNobody(answer.value.status)
    : answer.error.kind === "unreachable" ||
      (answer.error.kind === "status" && isOfNobody(answer.error.status ?? 0));
