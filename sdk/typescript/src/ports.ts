/**
 * What the SDK needs from the world. Everything is an argument, so that a test can lose an answer, hold the clock still
 * and end a wait; the defaults are the platform's own.
 */

/** What one request needs. */
export interface RequestPorts {
  /** As the platform has it. */
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  /** The time of day. */
  readonly clock: {
    /** Milliseconds since the Unix epoch, by a clock that may be wrong. */
    now(): number;
  };
  /** What waits. */
  readonly timers: {
    /** Keeps the process alive meanwhile. @param until ends the sleep early, without an error. */
    sleep(ms: number, until?: AbortSignal): Promise<void>;
  };
  /** For ids, and for the jitter of pauses. */
  readonly random: {
    /** As many unpredictable bytes. */
    bytes(length: number): Uint8Array;
  };
  /** A signal that aborts after `ms` milliseconds, without keeping the process alive until then. */
  readonly deadline: (ms: number) => AbortSignal;
}

/** What an agent's client needs beyond it. */
export interface Ports extends RequestPorts {
  /** The time of day, and a monotonic clock. */
  readonly clock: {
    /** Milliseconds since the Unix epoch, by a clock that may be wrong. */
    now(): number;
    /** Milliseconds since some moment, by a clock that never goes back and is never set. */
    monotonic(): number;
  };
  /** What waits. */
  readonly timers: RequestPorts["timers"] & {
    /** Runs `task` once, after `ms` milliseconds, without keeping the process alive until then. @returns what cancels it. */
    after(ms: number, task: () => void): () => void;
  };
}

export const platformPorts: Ports = {
  fetch: (input, init) => fetch(input, init),
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  timers: {
    sleep: (ms, until) =>
      new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          until?.removeEventListener("abort", wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        if (until?.aborted === true) wake();
        else until?.addEventListener("abort", wake);
      }),
    after: (ms, task) => {
      const timer: unknown = setTimeout(task, ms);
      if (hasUnref(timer)) timer.unref();
      return () => clearTimeout(timer as number);
    },
  },
  random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
  deadline: (ms) => AbortSignal.timeout(ms),
};

/** What was given, and the platform's own for everything else. */
export function portsOf(given: Partial<Ports>): Ports;
export function portsOf(given: Partial<RequestPorts>): RequestPorts;
export function portsOf(given: Partial<RequestPorts>): RequestPorts {
  const send = given.fetch ?? platformPorts.fetch;
  return {
    // Called as a function: the `fetch` of browsers and Workers throws when it is called as a method of another object.
    fetch: (input, init) => send(input, init),
    clock: given.clock ?? platformPorts.clock,
    timers: given.timers ?? platformPorts.timers,
    random: given.random ?? platformPorts.random,
    deadline: given.deadline ?? platformPorts.deadline,
  };
}

/** Timers of Node.js keep its process alive; those of browsers and Workers are numbers. */
const hasUnref = (timer: unknown): timer is { unref(): void } =>
  typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function";

/** 128 random bits as hex: visible ASCII, and the same as no other id. */
export const randomId = (random: Ports["random"]): string =>
  Array.from(random.bytes(16), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @returns a number from 0 up to, and without, 1. */
export const randomShare = (random: Ports["random"]): number => (random.bytes(1)[0] ?? 0) / 256;
