/** A command that mends something, as the service names it in an answer: it must work where somebody pastes it. */
import { shellWord } from "../kernel/shell-word.ts";

/**
 * It names its workspace, also `default`: the service does not know which one the caller's command line would choose.
 * @param words after `dome`, as they are meant: what a shell would read otherwise is quoted here.
 */
export const typedCommand = (workspace: string, words: readonly string[]): string =>
  ["dome", ...words, "--workspace", workspace].map(shellWord).join(" ");
