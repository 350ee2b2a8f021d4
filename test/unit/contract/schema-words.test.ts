/** Every member of every request × values that do not fit: what is said of them is said in the project's words. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readMembers } from "../../../src/api/body.ts";
import { routes } from "../../../src/api/routes.ts";
import { schemaWords, UNSAID } from "../../../src/contract/schema-words.ts";
import type { Refusal } from "../../../src/operations/answer/refusal.ts";

/** The beginnings of the schema library's own texts, in its English. */
const ITS_WORDS = /\b(?:Invalid|Too big|Too small|Unrecognized|expected|received|NaN)\b|[<>]=/;

const BAD: readonly unknown[] = [
  undefined,
  null,
  true,
  -1,
  0.5,
  1e15,
  "",
  " ",
  "Not a value, \u0000 \u2603",
  "x".repeat(20_000),
  "9999-99-99T99:99:99Z",
  [],
  [1],
  ["a", "a"],
  Array.from({ length: 600 }, (_, index) => `n${index}`),
  {},
  { "Bad Key \u0000": 1 },
  { a: { a: 1 } },
  Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, "v"])),
];

interface Described {
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described;
  readonly anyOf?: readonly Described[];
}

/** The paths of every member, those of lists and objects within included. */
function pathsOf({ properties = {}, items, anyOf = [] }: Described): string[][] {
  return [
    ...Object.entries(properties).flatMap(([name, within]) => [
      [name],
      ...pathsOf(within).map((path) => [name, ...path]),
    ]),
    ...(items === undefined ? [] : [["0"], ...pathsOf(items).map((path) => ["0", ...path])]),
    ...anyOf.flatMap(pathsOf),
  ];
}

/** @returns a value with `value` at the path and nothing else: `0` is a place in a list. */
const placed = ([step, ...rest]: readonly string[], value: unknown): unknown => {
  if (step === undefined) return value;
  return step === "0" ? [placed(rest, value)] : { [step]: placed(rest, value) };
};

const REQUESTS = routes.flatMap(({ operationId, query, body }) => [
  ...(query === undefined ? [] : [{ operationId, where: "query" as const, schema: query }]),
  ...(body === undefined ? [] : [{ operationId, where: "body" as const, schema: body }]),
]);

describe("what is said of a request that does not fit its schema", () => {
  it.each(REQUESTS)("is the project's own: $where of $operationId", ({ where, schema }) => {
    const described = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" }) as Described;
    const paths = [[], ...pathsOf(described), ["a_member_of_nothing"]];
    const refusals = paths
      .flatMap((path) => BAD.map((value) => readMembers(schema, placed(path, value), where)))
      .flatMap((read): Refusal[] => (read.ok ? [] : [read.error]));
    expect(refusals.length).toBeGreaterThan(0);
    const details = refusals.flatMap(({ detail, errors = [] }) => [
      detail,
      ...errors.map((each) => each.detail),
    ]);
    expect([...new Set(details)].filter((text) => ITS_WORDS.test(text) || text.includes(UNSAID))).toEqual([]);
  });

  it.each([
    [
      z.strictObject({ overlap_seconds: z.int().max(604_800) }),
      { overlap_seconds: 604_801 },
      "must be at most 604800 seconds (7 days)",
    ],
    [
      z.strictObject({ drain_seconds: z.int().max(3_600) }),
      { drain_seconds: 3_601 },
      "must be at most 3600 seconds (1 hour)",
    ],
    [
      z.strictObject({ max_age_seconds: z.int().min(30) }),
      { max_age_seconds: 5 },
      "must be at least 30 seconds",
    ],
    [
      z.strictObject({ name: z.string().max(63) }),
      { name: "x".repeat(64) },
      "must have at most 63 characters",
    ],
    [z.strictObject({ name: z.string().min(1) }), { name: "" }, "must not be empty"],
    [
      z.strictObject({ tools: z.array(z.string()).max(1) }),
      { tools: ["a", "b"] },
      "must have at most 1 item",
    ],
    [z.strictObject({ kind: z.enum(["a", "b"]) }), { kind: "c" }, "must be one of a, b"],
    [z.strictObject({ count: z.int() }), { count: 0.5 }, "must be a whole number"],
    [z.strictObject({ name: z.string() }), {}, "is missing"],
    [
      z.strictObject({ until: z.iso.datetime() }),
      { until: "now" },
      "must be a time such as 2026-11-23T09:00:00Z",
    ],
  ])("names the limit and its unit (%#)", (schema, value, text) => {
    const read = schema.safeParse(value, { error: schemaWords });
    expect(read.error?.issues.map(({ message }) => message)).toEqual([text]);
  });

  it("leaves the library's words to programmers, so that this test can fail", () => {
    const read = z.strictObject({ name: z.string().max(3) }).safeParse({ name: "long", other: 1 });
    expect(read.error?.issues.every(({ message }) => ITS_WORDS.test(message))).toBe(true);
  });
});
