/**
 * What the client needs from the world. Everything is an argument, so that a test can lose an answer, hold the clock
 * still and replay a key; the defaults are the platform's own.
 */
export interface Ports {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds since the Unix epoch. */
  readonly clock: { now(): number };
  readonly timers: { sleep(ms: number): Promise<void> };
  readonly random: { bytes(length: number): Uint8Array };
  /** A signal that aborts after `ms` milliseconds, without keeping the process alive until then. */
  readonly deadline: (ms: number) => AbortSignal;
}

export const platformPorts: Ports = {
  fetch: (input, init) => fetch(input, init),
  clock: { now: () => Date.now() },
  timers: {
    sleep: (ms) =>
      new Promise((resolve) => {
        setTimeout(resolve, ms);
      }),
  },
  random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
  deadline: (ms) => AbortSignal.timeout(ms),
};
