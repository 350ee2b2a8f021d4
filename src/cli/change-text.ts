/** What would change a decision, for people. The line with the command can be pasted as a whole. */
import type { Change } from "../contract/check.ts";
import { clean, type Output } from "./output.ts";

/** @returns lines to print below the decision; empty when nothing would change it. */
export function changeText(output: Output, change: Change | null): string[] {
  if (change === null) return [];
  const { detail, command, role } = change;
  const by = role === null ? "" : `   # role ${clean(role)}`;
  return [
    "",
    `To change it: ${clean(detail)}`,
    ...(command === null ? [] : [`  ${clean(output.here(command))}${by}`]),
  ];
}
