/** Parsers of option values. The command line parser reports a wrong value with the name of its option. */
import { InvalidArgumentError, Option } from "commander";
import { rfc3339 } from "../kernel/clock.ts";
import { parseInstant } from "../kernel/instant.ts";
import { shellWord } from "../kernel/shell-word.ts";
import { JSON_FAULTS, parseJson, pointerOf } from "../kernel/strict-json.ts";

/** For options that may be given several times. */
export const collect = (value: string, previous: readonly string[] | undefined): string[] => [
  ...(previous ?? []),
  value,
];

/** Collects `key=value` labels to set. */
export function collectLabel(
  value: string,
  previous: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const at = value.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be KEY=VALUE.");
  const key = value.slice(0, at);
  if (previous !== undefined && Object.hasOwn(previous, key))
    throw new InvalidArgumentError("Its key is given twice.");
  return { ...previous, [key]: value.slice(at + 1) };
}

/** Collects `key=value` labels to select by: an agent must have all of them. */
function collectLabelFilter(value: string, previous: readonly string[] | undefined): string[] {
  const at = value.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be KEY=VALUE.");
  const key = value.slice(0, at + 1);
  const other = previous?.find((each) => each.startsWith(key) && each !== value);
  if (other !== undefined)
    throw new InvalidArgumentError(`A label has one value, but ${other} was also given.`);
  return previous?.includes(value) === true ? [...previous] : [...(previous ?? []), value];
}

/** An option that selects by labels. */
export const labelFilterOption = (description: string): Option =>
  new Option("-l, --label <key=value>", `${description}; repeat to require several labels`).argParser(
    collectLabelFilter,
  );

/** The labels as options, for a command to type next. */
export const withLabels = (labels: readonly string[] = []): string =>
  labels.map((label) => ` --label ${shellWord(label)}`).join("");

/**
 * True for an option that may be repeated: its parser takes the previous value. The library's parser of choices does so
 * too, and is excluded.
 */
export const takesSeveral = ({ parseArg, argChoices, variadic }: Option): boolean =>
  variadic || parseArg === collect || (argChoices === undefined && (parseArg?.length ?? 0) > 1);

export function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError("It must be a whole number above 0.");
  return Number(value);
}

/** `none` takes a bound away. */
export const numberOrNone = (value: string): number | null => (value === "none" ? null : wholeNumber(value));

export function countFromZero(value: string): number {
  return value === "0" ? 0 : wholeNumber(value);
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = /^(\d{1,6})([smhd])$/;

/** `90s`, `15m`, `24h`, `90d`, or `0` → milliseconds. */
export function duration(value: string): number {
  const ms = value === "0" ? 0 : durationMs(value);
  if (ms === null) throw new InvalidArgumentError("It must be a time such as 90s, 15m, 24h or 30d.");
  return ms;
}

/** The longest time for which two credentials may be valid at once, in milliseconds. */
export const LONGEST_OVERLAP_MS = 7 * 86_400_000;

/** How long a replaced credential stays valid, in milliseconds. */
export function overlap(value: string): number {
  const ms = duration(value);
  if (ms > LONGEST_OVERLAP_MS) throw new InvalidArgumentError("It must be 7d at most.");
  return ms;
}

/**
 * Parses a point in time: RFC 3339, a date (midnight UTC), or a duration from now.
 * @param now returns milliseconds since the epoch; called when the option is read.
 * @param direction whether a duration extends into the future (`expires`) or the past (`since`).
 * @returns RFC 3339 in UTC.
 */
export const pointInTime =
  (now: () => number, direction: "ahead" | "back") =>
  (value: string): string => {
    const ms = durationMs(value);
    if (ms !== null) return rfc3339(direction === "ahead" ? now() + ms : now() - ms);
    const at = parseInstant(value);
    if (at === null) {
      throw new InvalidArgumentError(
        "It must be a time (2026-11-23T09:00:00Z), a date, or a duration such as 24h.",
      );
    }
    return rfc3339(at);
  };

/** A JSON object. */
export function jsonObject(value: string): Record<string, unknown> {
  const parsed = parseJson(value);
  if (!parsed.ok) {
    const { kind } = parsed.error;
    throw new InvalidArgumentError(
      kind === "malformed" ? "It must be JSON." : `It${pointerOf(parsed.error)} ${JSON_FAULTS[kind]}.`,
    );
  }
  if (typeof parsed.value !== "object" || parsed.value === null || Array.isArray(parsed.value)) {
    throw new InvalidArgumentError("It must be a JSON object.");
  }
  return Object.fromEntries(Object.entries(parsed.value));
}

/**
 * Marks the option whose default is `DOME_WORKSPACE`, otherwise the context's workspace (not that of `operators
 * create`).
 */
export class WorkspaceOption extends Option {}

/** @param more further values that this command accepts. */
export const workspaceOption = (more = ""): Option =>
  new WorkspaceOption(
    "--workspace <name>",
    `workspace (default: DOME_WORKSPACE, the context's, the token's only one, else default)${more}`,
  );

/** For changes after which policies in force may not fit the catalog. */
export const evenIfPoliciesBreakOption = (): Option =>
  new Option(
    "--even-if-policies-break",
    "go on although policies then do not fit the catalog: calls that they concern may be denied",
  );

/** For lists that can cover every workspace. */
export const allWorkspacesOption = (): Option =>
  new Option("-A, --all-workspaces", "in every workspace that you may see").conflicts("workspace");

/** A sentence for an empty list that says where the command searched. */
export const searched = (workspace: string | undefined, everywhere: boolean): string =>
  everywhere
    ? "Searched: every workspace that you may see."
    : `Searched: ${workspace ?? "your token's only workspace, else default"}. Add -A for every workspace.`;

/** The reason as an option, for a command to type next. */
export const withReason = (reason: string | undefined): string =>
  reason === undefined ? "" : ` --reason ${shellWord(reason)}`;

/** The workspace as an option, for a command to type next. */
export const inWorkspace = (workspace: string | undefined): string =>
  workspace === undefined ? "" : ` --workspace ${shellWord(workspace)}`;

/** The same for a command that may cover every workspace. */
export const inWorkspaces = (where: {
  readonly workspace?: string;
  readonly allWorkspaces?: true;
}): string => (where.allWorkspaces === true ? " -A" : inWorkspace(where.workspace));

export const agentKeyFileOption = (): Option =>
  new Option(
    "--key-file <file>",
    "the agent's API key or call token is in this file; - for stdin (default: DOME_AGENT_KEY)",
  );

function durationMs(value: string): number | null {
  const [, amount, unit] = DURATION.exec(value) ?? [];
  const factor = unit === undefined ? undefined : UNIT_MS[unit];
  return amount === undefined || factor === undefined ? null : Number(amount) * factor;
}
