/**
 * Time is an argument. Only the composition root supplies the real clock and timers, so that a test can hold
 * them still, let them drift, or step them back.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. On Workers it advances only after I/O (platform rule). */
  now(): number;
}

/** What ends a sleep early: an AbortSignal, or an `Ending`. */
export interface Until {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once: true }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * Ends sleeps, as an AbortController does. In workerd that one is an object of the runtime, and making, hearing and
 * aborting it costs more than the timer; an act has half a dozen.
 */
export class Ending implements Until {
  readonly #listeners = new Set<() => void>();
  #aborted = false;

  get aborted(): boolean {
    return this.#aborted;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** Wakes all that sleep until it, once. */
  abort(): void {
    this.#aborted = true;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}

export interface Timers {
  /**
   * Resolves after at least `ms` milliseconds of the platform's relative timer.
   * @param until ends the sleep early, without an error. A sleep whose end nobody awaits any more would keep a timer.
   */
  sleep(ms: number, until?: Until): Promise<void>;
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
  const over = new Ending();
  try {
    return await Promise.race([pending, timers.sleep(ms, over).then(() => late)]);
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
  const off = new Ending();
  const wake = (): void => {
    if (!off.aborted) ring();
  };
  timers.sleep(ms, off).then(wake, wake);
  return () => off.abort();
}

/** RFC 3339 in UTC with milliseconds: the form of every time on the wire. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString();

/** As `rfc3339`; null where there is no time. */
export const rfc3339OrNull = (ms: number | null): string | null => (ms === null ? null : rfc3339(ms));
