/** The validator beside a library's: they agree on what matches, wherever the library is given what it can bear. */
import { validate as libraryValidate, type Schema } from "@cfworker/json-schema";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { argumentsFault, checkSchema } from "../../../src/registry/argument-schema.ts";
import type { JsonSchema } from "../../../src/registry/schema-text.ts";

const names = fc.constantFrom("a", "b", "c");
const scalar = fc.constantFrom<unknown>(null, true, 0, 1, 1.5, -3, "", "a", "ab", "2026-11-25", "b1");
const { value, schema } = fc.letrec<{ value: unknown; schema: JsonSchema | boolean; object: JsonSchema }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      scalar,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(names, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    ),
    schema: fc.oneof(
      { maxDepth: 4 },
      { weight: 1, arbitrary: fc.boolean() },
      { weight: 6, arbitrary: tie("object") },
    ),
    object: fc
      .array(
        fc.oneof(
          ...Object.entries<fc.Arbitrary<unknown>>({
            type: fc.oneof<fc.Arbitrary<unknown>[]>(
              fc.constantFrom("object", "array", "string", "integer"),
              fc.constant(["object", "null", "number"]),
            ),
            const: scalar,
            enum: fc.array(tie("value"), { minLength: 1, maxLength: 3 }),
            minimum: fc.constantFrom(0, 1),
            exclusiveMaximum: fc.constantFrom(1, 2),
            multipleOf: fc.constantFrom(1, 0.5),
            minLength: fc.constantFrom(1, 2),
            maxLength: fc.constantFrom(0, 1),
            pattern: fc.constantFrom("^a", "b+$", "\\d"),
            format: fc.constantFrom("date", "email", "ipv4"),
            required: fc.uniqueArray(names, { maxLength: 2 }),
            minProperties: fc.constantFrom(1, 2),
            properties: fc.dictionary(names, tie("schema"), { maxKeys: 2, noNullPrototype: true }),
            patternProperties: fc.dictionary(fc.constantFrom("a", "^b|c"), tie("schema"), {
              maxKeys: 1,
              noNullPrototype: true,
            }),
            additionalProperties: tie("schema"),
            propertyNames: fc.constantFrom({ pattern: "[ab]" }, { maxLength: 1 }, true),
            dependentRequired: fc.dictionary(names, fc.uniqueArray(names, { maxLength: 2 }), {
              maxKeys: 1,
              noNullPrototype: true,
            }),
            dependentSchemas: fc.dictionary(names, tie("schema"), { maxKeys: 1, noNullPrototype: true }),
            prefixItems: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }),
            items: tie("schema"),
            uniqueItems: fc.boolean(),
            maxItems: fc.constantFrom(1, 3),
            allOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }),
            anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }),
            oneOf: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }),
            not: tie("schema"),
            if: tie("schema"),
            // oxlint-disable-next-line unicorn/no-thenable -- the word of JSON Schema, and no function
            then: tie("schema"),
            else: tie("schema"),
            unevaluatedProperties: fc.boolean(),
            unevaluatedItems: fc.boolean(),
          }).map(([word, arbitrary]) => arbitrary.map((each) => [word, each] as const)),
        ),
        { maxLength: 3 },
      )
      .map((words) => Object.fromEntries(words)),
  }),
);

it("agrees with the library on what matches", () => {
  let matching = 0;
  fc.assert(
    fc.property(schema, value, (given, args) => {
      if (typeof given === "boolean" || !checkSchema(given).ok) return;
      const { valid } = libraryValidate(args, given as Schema, "2020-12");
      matching += valid ? 1 : 0;
      expect([given, args, argumentsFault(given, args) === null]).toEqual([given, args, valid]);
    }),
    { numRuns: 3_000 },
  );
  expect(matching).toBeGreaterThan(300);
});
