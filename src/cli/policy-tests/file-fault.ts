/** What is wrong in a file with tests, in the form in which faults of policies are told. */
import type { z } from "zod";
import type { PolicyFault } from "../../contract/policy.ts";
import { nearMatch } from "../../kernel/near-match.ts";
import type { Path, PlacedYaml } from "../yaml-places.ts";

/** A fault, and which member has it. */
export interface MemberFault {
  readonly path: Path;
  readonly message: string;
  readonly hint: string | null;
}

export const placed = (
  { placeOf }: PlacedYaml,
  { path, message, hint }: MemberFault,
  of: "name" | "value" = "value",
): PolicyFault => ({
  ...placeOf(path, of),
  policy: null,
  detail: `${path.length === 0 ? "The file" : `${dotted(path)}:`} ${message}`,
  hint,
});

const NO_TESTS: MemberFault = {
  path: [],
  message: "has no tests.",
  hint: "It needs the members policies, world and cases.",
};

/** What the schema refuses, each at its place. */
export const schemaFaults = (yaml: PlacedYaml, { issues }: z.ZodError): readonly PolicyFault[] =>
  issues.map((issue) => {
    if (issue.path.length === 0 && issue.code === "invalid_type") return placed(yaml, NO_TESTS);
    const isUnknown = issue.code === "unrecognized_keys";
    const path = [...issue.path.map(step), ...(isUnknown ? issue.keys.slice(0, 1) : [])];
    const of = isUnknown || issue.code === "invalid_key" ? "name" : "value";
    const inner = issue.code === "invalid_key" ? issue.issues[0]?.message : undefined;
    const [message = "", hint = null] = (inner ?? issue.message).split("\n");
    return placed(yaml, { path, message: `${message}.`, hint }, of);
  });

/** Texts for what the schema says nothing about itself, for a reader of the file. A hint stands on a line of its own. */
export function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return wanted(issue.input, TYPES[issue.expected] ?? issue.expected);
    case "invalid_value":
      return wanted(issue.input, issue.values.map(String).join(" or "));
    case "invalid_format":
      return issue.format === "datetime" ? "must be a time, such as 2026-01-05T12:00:00Z" : undefined;
    case "invalid_union":
      return "must be a name, or a list of names";
    case "unrecognized_keys":
      return unknownMember(issue);
    default:
      return undefined;
  }
}

function wanted(input: unknown, what: string): string {
  if (input === undefined) return `is missing; it must be ${what}`;
  return input === null ? `has no value; it must be ${what}` : `must be ${what}`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  array: "a list",
  object: "a table of members",
  record: "a table of names",
  boolean: "true or false",
};

function unknownMember({ keys, inst }: z.core.$ZodRawIssue<z.core.$ZodIssueUnrecognizedKeys>): string {
  const known = Object.keys((inst as z.ZodObject | undefined)?.shape ?? {});
  const [key = ""] = keys;
  const near = nearMatch(key, known);
  const hint = near === null ? `The members here are ${known.join(", ")}.` : `Is ${near} meant?`;
  return `there is no such member here\n${hint}`;
}

const step = (key: PropertyKey): string | number => (typeof key === "number" ? key : String(key));

/** `cases[2].tool` */
const dotted = (path: Path): string =>
  path.map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? key : `.${key}`)).join("");
