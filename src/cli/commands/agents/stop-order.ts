/** What a stop is told on the command line, and what the service is told of it. */
import type { Selection } from "./selection.ts";

export type Stopping = "suspend" | "revoke";

export interface StopOptions extends Selection {
  readonly reason?: string;
  readonly wait?: boolean;
  /** In seconds. */
  readonly drain?: number;
  readonly cascade?: boolean;
  readonly hold?: boolean;
}

/** The body of the request. */
export const stopBody = (options: StopOptions) => ({
  reason: options.reason ?? null,
  ...(options.drain === undefined ? {} : { drain_seconds: options.drain }),
  ...(options.cascade === true ? { cascade: true } : {}),
  ...(options.hold === true ? { hold: true } : {}),
});
