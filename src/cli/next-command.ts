/** A command to type next: it talks to the same service and workspace as the one that told of it. */
import { shellWord } from "../kernel/shell-word.ts";

/** Of the command line: what a command to type next needs too. */
export interface Here {
  /** As `--context` gave it. */
  readonly context: string | null;
}

/** A command, and nothing but: prose around one stays as it is. The contexts themselves are in no context. */
const COMMAND = /^dome (?!context )[^,;]*$/;

/**
 * A command as the service names it, which knows nothing of this command line.
 * @param workspace of the thing that it is about; null: as the command line has it.
 */
export function commandInWorkspace(command: string, workspace: string | null): string {
  if (workspace === null || !command.startsWith("dome ") || / --workspace /.test(command)) return command;
  const [, words = command, comment = ""] = /^(.*?)(\s+#.*)?$/s.exec(command) ?? [];
  return `${words} --workspace ${shellWord(workspace)}${comment}`;
}

export const nextCommand = (text: string, { context }: Here): string =>
  context === null || !COMMAND.test(text) || / --context /.test(text)
    ? text
    : `${text} --context ${shellWord(context)}`;
