/**
 * The definition of an operation as text for whoever approves it: all of it, and a change also as a diff. A server has
 * written it, so nothing of it may look like a line of this program: JSON keeps line ends within its texts, and the rest
 * is escaped.
 */
import type { ToolOperationDetail } from "../../../contract/tool-operation.ts";
import { lineDiff } from "../../line-diff.ts";
import { clean, fields, type Cell, type Style } from "../../output.ts";

type Definition = NonNullable<ToolOperationDetail["definition"]>;

/** What is read first; other members follow by name. */
const FIRST = ["name", "title", "description", "request", "inputSchema", "outputSchema", "annotations"];

export function operationText(style: Style, shown: ToolOperationDetail): string {
  const { definition, pending, differences, why } = shown;
  const looked = pending ?? definition;
  const compared =
    definition === null || pending === null ? [] : lineDiff(linesOf(definition), linesOf(pending));
  return [
    fields(style, [
      ["operation", `${shown.tool}/${shown.name}`],
      ["state", why === null ? shown.state : `${shown.state}: ${STATES[why]}`],
      ...(shown.unusable === null ? [] : ([["calls", `denied: the operation ${shown.unusable}`]] as const)),
      ["read only", reviewed(shown.read_only)],
      ["destructive", reviewed(shown.destructive)],
      ["approved", shown.hash ?? (why === "moved" ? "not at this address" : "never")],
      ["waiting", shown.pending_hash ?? "nothing"],
      ...(looked === null ? [] : summaryOf(looked)),
    ]),
    ...part(differences.length === 0 ? null : "What changed:", differences),
    ...part(compared.length === 0 ? null : "As a diff, - approved, + waiting:", compared),
    ...part(
      looked === null ? null : pending === null ? approvedTitle(why) : "The definition that waits:",
      looked === null ? [] : linesOf(looked),
    ),
  ].join("\n");
}

export const STATES: Readonly<Record<NonNullable<ToolOperationDetail["why"]>, string>> = {
  new: "new, nobody has approved it",
  changed: "its definition has changed",
  gone: "the server no longer lists it",
  moved: "the tool has another address since it was approved",
};

const approvedTitle = (why: ToolOperationDetail["why"]): string =>
  why === "moved" ? "The definition that was approved at the former address:" : "The approved definition:";

const reviewed = (is: boolean): string => (is ? "yes" : "no");

function* part(title: string | null, lines: readonly string[]): Generator<string> {
  if (title === null) return;
  yield "";
  yield title;
  for (const line of lines) yield clean(line);
}

function summaryOf(definition: Definition): readonly (readonly [string, Cell])[] {
  const { title, description, request, annotations } = definition;
  return [
    ["title", typeof title === "string" ? title : null],
    ["description", typeof description === "string" ? description : null],
    ...(isMembers(request)
      ? ([["request", [request["method"], request["path"]].map(String).join(" ")]] as const)
      : []),
    ...(annotations === undefined
      ? []
      : ([["the server's hints", JSON.stringify(sorted(annotations))]] as const)),
  ];
}

function linesOf(definition: Definition): readonly string[] {
  const names = [
    ...FIRST.filter((name) => Object.hasOwn(definition, name)),
    ...Object.keys(definition)
      .filter((name) => !FIRST.includes(name))
      .sort(),
  ];
  const ordered = Object.fromEntries(names.map((name) => [name, sorted(definition[name])]));
  return JSON.stringify(ordered, null, 2).split("\n");
}

/** The order of members means nothing: it is no difference. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMembers(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
}

const isMembers = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
