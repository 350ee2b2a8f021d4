/** The command being run, for its failure message. */
import type { Here } from "./next-command.ts";

export interface Invocation {
  /** The words of the command, for instance `["agents", "show"]`. */
  readonly words: readonly string[];
  /** The name or id in the command's first argument. */
  readonly subject: string | null;
  /** The command's further arguments. */
  readonly rest: readonly string[];
  /** The value of `--workspace`. */
  readonly workspace: string | null;
  readonly url: string | null;
  /** The context in use, given or current. */
  readonly context: string | null;
  readonly here: Here;
  /** True when the credential in use belongs to an agent. */
  readonly asAgent: boolean;
  /** The long options of the command; those that were typed come first. */
  readonly flags: readonly string[];
}
