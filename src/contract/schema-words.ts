/**
 * The messages for a value that does not fit a schema: a rule with its limit and unit, and never the value. Every
 * message that a person may read is made here or stands at the schema; the messages of the schema library are for
 * programmers.
 */
import type { z } from "zod";

/** The unit of a number, by the end of its member's name. */
const UNITS = [
  { end: /_seconds$/, unit: "seconds" },
  { end: /_ms$/, unit: "milliseconds" },
  { end: /_days$/, unit: "days" },
  { end: /_bytes$/, unit: "bytes" },
] as const;

/** Longer units of time, the longest first. */
const LONGER = [
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3_600 },
  { unit: "minute", seconds: 60 },
] as const;

const TYPES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
  null: "null",
};

/**
 * The fallback for a schema without a message. `test/unit/contract/schema-words.test.ts` asserts that no route uses
 * it.
 */
export const UNSAID = "is not valid";

/**
 * The messages for a whole parse: `schema.safeParse(value, { error: schemaWords })`. A message at the schema has
 * priority.
 */
export const schemaWords = (issue: z.core.$ZodRawIssue): string => {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is missing";
      return issue.expected === "never"
        ? "must not be there"
        : `must be ${TYPES[issue.expected] ?? "another type"}`;
    case "invalid_value":
      return issue.values.length === 1
        ? `must be ${String(issue.values[0])}`
        : `must be one of ${issue.values.map(String).join(", ")}`;
    case "too_big":
      return sized(issue, issue.maximum, issue.inclusive === false ? "less than" : "at most");
    case "too_small":
      if (isSized(issue.origin) && issue.minimum === 1) return "must not be empty";
      return sized(issue, issue.minimum, issue.inclusive === false ? "more than" : "at least");
    case "invalid_format":
      return issue.format === "datetime" ? "must be a time such as 2026-11-23T09:00:00Z" : UNSAID;
    case "unrecognized_keys":
      return "has a member that this request does not have";
    case "invalid_key":
      return `has a name that is not allowed: it ${issue.issues[0]?.message ?? UNSAID}`;
    default:
      return UNSAID;
  }
};

const isSized = (origin: string): boolean => origin === "string" || origin === "array";

type Limited = Pick<z.core.$ZodRawIssue, "path"> & {
  readonly origin: string;
  readonly exact?: boolean | undefined;
};

function sized({ origin, exact, path = [] }: Limited, limit: number | bigint, bound: string): string {
  const to = exact === true ? "exactly" : bound;
  if (origin === "string") return `must have ${to} ${limit} ${plural("character", limit)}`;
  if (origin === "array") return `must have ${to} ${limit} ${plural("item", limit)}`;
  return `must be ${to} ${measured(Number(limit), String(path.at(-1) ?? ""))}`;
}

/** `604800 seconds (7 days)` */
function measured(limit: number, member: string): string {
  const unit = UNITS.find(({ end }) => end.test(member))?.unit;
  if (unit === undefined) return String(limit);
  const longer =
    unit === "seconds" && limit > 0 ? LONGER.find(({ seconds }) => limit % seconds === 0) : undefined;
  if (longer === undefined) return `${limit} ${unit}`;
  const count = limit / longer.seconds;
  return `${limit} ${unit} (${count} ${plural(longer.unit, count)})`;
}

const plural = (word: string, count: number | bigint): string => (Number(count) === 1 ? word : `${word}s`);
