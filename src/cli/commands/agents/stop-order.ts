/** What a stop is told on the command line, and what the service is told of it. */
export type Stopping = "suspend" | "revoke";

export interface StopOptions {
  readonly workspace?: string;
  readonly reason?: string;
  readonly wait?: boolean;
  readonly yes?: boolean;
  /** In seconds. */
  readonly drain?: number;
  readonly cascade?: boolean;
  readonly hold?: boolean;
  readonly label?: string[];
  readonly steward?: string;
  readonly owner?: string;
}

/** The body of the request. */
export const stopBody = (options: StopOptions) => ({
  reason: options.reason ?? null,
  ...(options.drain === undefined ? {} : { drain_seconds: options.drain }),
  ...(options.cascade === true ? { cascade: true } : {}),
  ...(options.hold === true ? { hold: true } : {}),
});
