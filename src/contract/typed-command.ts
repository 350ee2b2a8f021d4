/** A command in an answer of the service that solves a problem. It must work wherever a person pastes it. */
import { shellWord } from "../kernel/shell-word.ts";

/**
 * The command always names its workspace, even `default`: the service does not know the default of the caller's
 * command line.
 * @param words after `dome`, unquoted; words that a shell would interpret are quoted here.
 */
export const typedCommand = (workspace: string, words: readonly string[]): string =>
  ["dome", ...words, "--workspace", workspace].map(shellWord).join(" ");
