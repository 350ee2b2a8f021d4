/** A command to type next: it talks to the same service and workspace as the one that told of it. */
import { shellWord } from "../kernel/shell-word.ts";

/** Of the command line: what a command to type next needs too. */
export interface Here {
  /** As `--context` gave it. */
  readonly context: string | null;
}

/**
 * A command, and nothing but, then what a shell takes for a comment: prose around one stays as it is. An apostrophe in a
 * word is `'\''`. The contexts themselves are in no context.
 */
const COMMAND = /^(dome (?!context )(?:'[^']*'|\\'|[^',;#\\])*?)(\s+#.*)?$/;

export function nextCommand(text: string, { context }: Here): string {
  const [, command, comment = ""] = COMMAND.exec(text) ?? [];
  return context === null || command === undefined || / --context /.test(command)
    ? text
    : `${command} --context ${shellWord(context)}${comment}`;
}
