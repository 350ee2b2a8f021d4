/** What was being done, for the message when it fails. */
import type { Here } from "./next-command.ts";

export interface Invocation {
  /** The words of the command, for instance `["agents", "show"]`. */
  readonly words: readonly string[];
  /** The name or id that the command was given. */
  readonly subject: string | null;
  /** As `--workspace` gave it. */
  readonly workspace: string | null;
  readonly url: string | null;
  /** The context in use, whoever chose it. */
  readonly context: string | null;
  readonly here: Here;
  /** The credential in use was an agent's. */
  readonly asAgent: boolean;
  /** The long options that the command has. */
  readonly flags: readonly string[];
}
