/** What would change a decision, for people: the command can be pasted with all that stands in its line. */
import type { Change } from "../contract/check.ts";
import { clean, type Output } from "./output.ts";

/** @returns lines, to stand below the decision; none where nothing would. */
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
