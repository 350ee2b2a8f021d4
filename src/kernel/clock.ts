/**
 * Time is an argument. Only the composition root supplies the real clock and timers, so that a test can hold
 * them still, let them drift, or step them back.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. On Workers it advances only after I/O (platform rule). */
  now(): number;
}

export interface Timers {
  /**
   * Resolves after at least `ms` milliseconds of the platform's relative timer.
   * @param until ends the sleep early, without an error. A sleep whose end nobody awaits any more would keep a timer.
   */
  sleep(ms: number, until?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = { now: () => Date.now() };

export const systemTimers: Timers = {
  sleep: (ms, until) =>
    new Promise((resolve) => {
      if (until?.aborted === true) return resolve();
      const wake = (): void => {
        clearTimeout(timer);
        until?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      until?.addEventListener("abort", wake);
    }),
};

/**
 * What comes first: the result of `pending`, or `late` after `ms` milliseconds. No timer is left behind. What `pending`
 * does goes on, and its later result is dropped.
 */
export async function inTime<T, L>(timers: Timers, ms: number, pending: Promise<T>, late: L): Promise<T | L> {
  const over = new AbortController();
  try {
    return await Promise.race([pending, timers.sleep(ms, over.signal).then(() => late)]);
  } finally {
    over.abort();
  }
}

/** @throws when `pending` has no result within `ms` milliseconds. What it does then goes on, and its result is dropped. */
export async function within<T>(timers: Timers, ms: number, pending: Promise<T>): Promise<T> {
  const result = await inTime(timers, ms, pending, LATE);
  if (result === LATE) throw new Error(`no result within ${ms} ms`);
  return result;
}

const LATE = Symbol("late");

/**
 * Calls `ring` once, after `ms` milliseconds, unless it is called off before. A broken timer rings, because what it
 * guards would have no end.
 * @returns what calls it off.
 */
export function alarm(timers: Timers, ms: number, ring: () => void): () => void {
  const off = new AbortController();
  const wake = (): void => {
    if (!off.signal.aborted) ring();
  };
  timers.sleep(ms, off.signal).then(wake, wake);
  return () => off.abort();
}

/** RFC 3339 in UTC with milliseconds: the form of every time on the wire. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString();

/** As `rfc3339`; null where there is no time. */
export const rfc3339OrNull = (ms: number | null): string | null => (ms === null ? null : rfc3339(ms));
