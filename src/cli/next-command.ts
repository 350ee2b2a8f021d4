/** Completes a command to type next, so that it uses the same service as this one. */
import { shellWord } from "../kernel/shell-word.ts";

/** The part of this command line that the next command needs. */
export interface Here {
  /** The value of `--context`. */
  readonly context: string | null;
}

/**
 * Matches text that is only a command, with an optional shell comment; a command within prose is left alone. An
 * apostrophe in a word is `'\''`. Commands about contexts get no context.
 */
const COMMAND = /^(dome (?!context )(?:'[^']*'|\\'|[^',;#\\])*?)(\s+#.*)?$/;

export function nextCommand(text: string, { context }: Here): string {
  const [, command, comment = ""] = COMMAND.exec(text) ?? [];
  return context === null || command === undefined || / --context /.test(command)
    ? text
    : `${command} --context ${shellWord(context)}${comment}`;
}
