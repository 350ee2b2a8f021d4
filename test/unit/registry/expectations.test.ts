/** What is said of arguments that do not match: the end of a sentence, from the schema alone (P4). */
import { expect, it, test } from "vitest";
import { argumentsFault } from "../../../src/registry/argument-schema.ts";
import type { JsonSchema } from "../../../src/registry/schema-text.ts";

const said = (schema: JsonSchema, args: unknown): string => {
  const fault = argumentsFault(schema, args);
  return fault === null ? "" : `${fault.pointer} ${fault.expected}`;
};
const SECRET = "s3cret";

test.each<[JsonSchema, unknown, string]>([
  [{ type: ["object", "null"] }, SECRET, "must be an object or null"],
  [{ const: 1 }, SECRET, "must be 1"],
  [{ enum: ["a", "b"] }, SECRET, 'must be "a" or "b"'],
  [{ enum: Array.from({ length: 11 }, String) }, SECRET, "must be one of the values that the schema lists"],
  [{ minimum: 1.5 }, 1, "must be at least 1.5"],
  [{ maximum: 5 }, 6, "must be at most 5"],
  [{ exclusiveMinimum: 0 }, 0, "must be more than 0"],
  [{ exclusiveMaximum: 0 }, 0, "must be less than 0"],
  [{ multipleOf: 0.5 }, 0.7, "must be a multiple of 0.5"],
  [{ minLength: 9 }, SECRET, "must have at least 9 characters"],
  [{ maxLength: 2 }, SECRET, "must have at most 2 characters"],
  [{ pattern: "^x" }, SECRET, "does not match the pattern of the schema"],
  [{ format: "date" }, SECRET, "is not in the format date"],
  [{ minItems: 1 }, [], "must have at least 1 items"],
  [{ maxItems: 1 }, [1, SECRET], "must have at most 1 items"],
  [{ uniqueItems: true }, [SECRET, SECRET], "has an item twice"],
  [{ contains: { type: "string" } }, [1], "must have an item that matches contains"],
  [{ contains: {}, minContains: 2 }, [1], "must have at least 2 items that match contains"],
  [{ contains: {}, maxContains: 1 }, [1, 2], "must have at most 1 items that match contains"],
  [{ prefixItems: [{}], items: false }, [1, SECRET], "has an item more than the schema allows"],
  [{ minProperties: 1 }, {}, "must have at least 1 members"],
  [{ maxProperties: 0 }, { [SECRET]: 1 }, "must have at most 0 members"],
  [{ additionalProperties: false }, { [SECRET]: 1 }, "has a member that is not declared"],
  [{ unevaluatedProperties: false }, { [SECRET]: 1 }, "has a member that is not declared"],
  [{ propertyNames: { maxLength: 1 } }, { [SECRET]: 1 }, "has a member whose name does not match the schema"],
  [{ properties: { a: false } }, { a: SECRET }, "has a member that the schema forbids"],
  [{ dependentRequired: { a: ["b"] } }, { a: SECRET }, "lacks a member that another one needs"],
  [{ anyOf: [{ type: "null" }] }, SECRET, "must match one of the schemas in anyOf"],
  [{ oneOf: [{}, {}] }, SECRET, "must match exactly one of the schemas in oneOf"],
  [{ not: {} }, SECRET, "matches what it must not match"],
])("%j of %j", (schema, value, sentence) => {
  expect(said({ properties: { in: schema } }, { in: value })).toBe(`/in ${sentence}`);
});

it("of a place that the caller has named is of what is around it, so that no name is repeated", () => {
  const schema = { properties: { in: { additionalProperties: { type: "string" } } } };
  expect(said(schema, { in: { [SECRET]: 1 } })).toBe("/in has something within that must be a string");
});

it("of the whole needs no place", () => {
  expect(said({ required: ["a"] }, {})).toBe("/a is missing");
  expect(said({ maxProperties: 0 }, { [SECRET]: 1 })).toBe(" must have at most 0 members");
});
