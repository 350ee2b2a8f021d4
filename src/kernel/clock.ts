/**
 * Time is an argument. Only the composition root supplies the real clock and timers, so that a test can hold
 * them still, let them drift, or step them back.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. On Workers it advances only after I/O (platform rule). */
  now(): number;
}

export interface Timers {
  /** Resolves after at least `ms` milliseconds of the platform's relative timer. */
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = { now: () => Date.now() };

export const systemTimers: Timers = {
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** @throws when `pending` has no result within `ms` milliseconds. What it does then goes on, and its result is dropped. */
export const within = <T>(timers: Timers, ms: number, pending: Promise<T>): Promise<T> =>
  Promise.race([
    pending,
    timers.sleep(ms).then(() => {
      throw new Error(`no result within ${ms} ms`);
    }),
  ]);

/** RFC 3339 in UTC with milliseconds: the form of every time on the wire. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString();

/** As `rfc3339`; null where there is no time. */
export const rfc3339OrNull = (ms: number | null): string | null => (ms === null ? null : rfc3339(ms));
