/** The options of a stop on the command line, and the members of its request. */
import { defined } from "../../../kernel/defined.ts";
import { withReason } from "../../option-values.ts";
import type { Selection } from "./selection.ts";

export type Stopping = "suspend" | "revoke";

export interface StopOptions extends Selection {
  readonly reason?: string;
  readonly wait?: boolean;
  /** The drain, in seconds. */
  readonly drain?: number;
  readonly cascade?: boolean;
  readonly hold?: boolean;
}

/** The options of the same stop, for a command to type next. */
export const orderOf = ({ reason, wait, drain, cascade, hold }: StopOptions): string =>
  [
    drain === undefined ? "" : ` --drain ${drain}s`,
    cascade === true ? " --cascade" : "",
    hold === true ? " --hold" : "",
    withReason(reason),
    wait === true ? " --wait" : "",
  ].join("");

/** The body of the request. */
export const stopBody = (options: StopOptions) => ({
  reason: options.reason ?? null,
  ...defined({ drain_seconds: options.drain, cascade: options.cascade, hold: options.hold }),
});
