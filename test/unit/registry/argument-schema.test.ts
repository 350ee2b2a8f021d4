import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  argumentsFault as faultOf,
  checkSchema,
  checkSchemas,
} from "../../../src/registry/argument-schema.ts";
import { MOST_SCHEMA_BYTES, type JsonSchema } from "../../../src/registry/schema-text.ts";
import { compileSchema } from "../../../src/registry/schema-compiler.ts";
import { Steps } from "../../../src/registry/steps.ts";

const told = (schema: unknown): string => {
  const checked = checkSchema(schema);
  return checked.ok ? "ok" : `${checked.error.pointer}: ${checked.error.detail}`;
};
/** The fault as a decision shows it. */
function argumentsFault(schema: JsonSchema, args: unknown, steps = new Steps()): string | null {
  const fault = faultOf(schema, args, steps);
  return fault === null ? null : `${JSON.stringify(fault.pointer)} (${fault.keyword})`;
}
const parsed = (json: string): JsonSchema => JSON.parse(json) as JsonSchema;

/** `depth` levels of objects. */
const nested = (depth: number): JsonSchema =>
  parsed(`${'{"not":'.repeat(depth - 1)}{}${"}".repeat(depth - 1)}`);

/** Each definition refers twice to the next: small to write, 2^levels to walk. */
const doubling = (levels: number): JsonSchema => {
  const definitions: Record<string, JsonSchema> = { [`d${levels}`]: { type: "object" } };
  for (let i = 0; i < levels; i += 1) {
    const next = { $ref: `#/$defs/d${i + 1}` };
    definitions[`d${i}`] = { allOf: [next, next] };
  }
  return { $ref: "#/$defs/d0", $defs: definitions };
};

const draft7 = (schema: JsonSchema): JsonSchema => ({
  $schema: "http://json-schema.org/draft-07/schema#",
  ...schema,
});

describe("a schema at the door", () => {
  test.each<[string, unknown]>([
    ["nothing", {}],
    ["its dialect", { $schema: "https://json-schema.org/draft/2020-12/schema", title: "t", "x-note": 1 }],
    ["a reference within itself", { properties: { a: { $ref: "#/$defs/a~1b" } }, $defs: { "a/b": true } }],
    ["patterns of bounded time", { pattern: "^[A-Z]{2,5}-\\d+$", patternProperties: { "^x-": {} } }],
    [
      "every kind of keyword",
      { required: ["a"], enum: [1], const: null, multipleOf: 0.1, format: "date-time" },
    ],
    ["names of places, which rule nothing", { $defs: { a: { $anchor: "place", type: "string" } } }],
    ["32 levels", nested(32)],
    ["draft 7, as SDKs of MCP write it", draft7({ definitions: { a: { type: "string" } } })],
    ["patterns that others could not bear", { pattern: "^(a+)+$", patternProperties: { "(a|a)*": {} } }],
  ])("may have %s", (_what, schema) => {
    expect(told(schema)).toBe("ok");
  });

  test.each<[unknown, string]>([
    [null, ": must be a JSON object"],
    [[], ": must be a JSON object"],
    [true, ": must be a JSON object"],
    [nested(33), ": is nested deeper than 32 levels"],
    [{ description: "x".repeat(MOST_SCHEMA_BYTES) }, ": has more than 32768 bytes"],
    [{ maxLenght: 3 }, "/maxLenght: is not a keyword that is known here"],
    [{ $id: "https://example.com/x" }, "/$id: is not a keyword that is known here"],
    [{ $dynamicRef: "#x" }, "/$dynamicRef: is not a keyword that is known here"],
    [{ __absolute_ref__: "x" }, "/__absolute_ref__: is not a keyword that is known here"],
    [{ constructor: {} }, "/constructor: is not a keyword that is known here"],
    [parsed('{"__proto__":{"type":"object"}}'), "/__proto__: is not a keyword that is known here"],
    [parsed('{"properties":{"__proto__":{}}}'), "/properties: has a name that cannot be used"],
    [{ required: ["__proto__"] }, "/required: must be a list of different names"],
    [{ properties: { "\ud800": true } }, "/properties: has a name that cannot be used"],
    [{ $schema: "http://json-schema.org/draft-04/schema#" }, "/$schema: must be https"],
    [{ not: { $schema: "http://json-schema.org/draft-07/schema#" } }, "/not/$schema: must be https"],
    [{ $ref: "https://example.com/schema" }, "/$ref: must be # and a JSON pointer within the schema"],
    [{ $ref: "other.json#/a" }, "/$ref: must be # and a JSON pointer within the schema"],
    [
      { $ref: "#anchor", $defs: { a: { $anchor: "anchor" } } },
      "/$ref: must be # and a JSON pointer within the schema",
    ],
    [{ $ref: "#/$defs/none" }, "/$ref: leads nowhere"],
    [{ $ref: "#/constructor" }, "/$ref: leads nowhere"],
    [{ $ref: "#/%" }, "/$ref: leads nowhere"],
    [{ $ref: "#" }, "leads back to itself, and through no member or item"],
    [{ not: { anyOf: [{ $ref: "#" }] } }, "leads back to itself"],
    [
      {
        // A member leads to `b` first, so that `b` is known when `allOf` refers to it.
        $ref: "#/$defs/a",
        $defs: {
          a: { properties: { p: { $ref: "#/$defs/b" } }, allOf: [{ $ref: "#/$defs/b" }] },
          b: { allOf: [{ $ref: "#/%24defs/a" }] },
        },
      },
      "leads back to itself",
    ],
    [doubling(40), "has more than 2000 subschemas"],
    [{ pattern: "(" }, "/pattern: is not a regular expression"],
    [{ pattern: "a".repeat(257) }, "/pattern: has more than 256 characters"],
    [{ pattern: "(?=a)" }, "/pattern: has a look-ahead, a look-behind or a reference to a group"],
    [{ pattern: "(a)\\1" }, "/pattern: has a look-ahead, a look-behind or a reference to a group"],
    [{ pattern: "^.{1,4096}$" }, "/pattern: has more than 2000 steps when its repetitions are written out"],
    [{ patternProperties: { "^(?:a{1,99}){1,99}$": {} } }, "/patternProperties: has more than 2000 steps"],
    [{ format: "constructor" }, "/format: is not a format that is known here"],
    [{ format: "regex" }, "/format: is not a format that is known here; known: date, time"],
    [{ type: "text" }, "/type: must be one or several of the types of JSON"],
    [{ required: "a" }, "/required: must be a list of different names"],
    [{ minLength: -1 }, "/minLength: must be a whole number, 0 or more"],
    [{ multipleOf: 0 }, "/multipleOf: must be a number above 0"],
    [{ allOf: {} }, "/allOf: must be a list of schemas"],
    [{ items: [{}] }, "/items: must be a schema: an object, true or false"],
    [{ additionalItems: true }, "/additionalItems: is not a keyword that is known here"],
    [{ dependencies: {} }, "/dependencies: is not a keyword that is known here; use dependentRequired"],
    [draft7({ unevaluatedProperties: false }), "/unevaluatedProperties: is not a keyword of draft 7"],
    [
      draft7({ properties: { a: { $ref: "#/definitions/a", maxLength: 3 } }, definitions: { a: {} } }),
      "/properties/a/maxLength: stands beside a $ref",
    ],
    [{ properties: { a: 1 } }, "/properties/a: must be a schema: an object, true or false"],
    [{ enum: [] }, "/enum: must be a list of values"],
  ])("is refused, with the place and why: %# (P1)", (schema, expected) => {
    expect(told(schema)).toContain(expected);
  });

  it("is only for operations that the tool has", () => {
    expect(checkSchemas({ a: {} }, null)).toMatchObject({ ok: true });
    expect(checkSchemas({ a: {} }, ["a"])).toMatchObject({ ok: true });
    expect(checkSchemas({ b: {} }, ["a"])).toMatchObject({ error: { operation: "b", pointer: "" } });
    expect(checkSchemas({ a: { $ref: "x" } }, null)).toMatchObject({
      error: { operation: "a", pointer: "/$ref" },
    });
  });

  it("is at most 128 KiB together with the others of its tool", () => {
    const large = { description: "x".repeat(32_000) };
    expect(checkSchemas({ a: large, b: large, c: large, d: large }, null).ok).toBe(true);
    expect(checkSchemas({ a: large, b: large, c: large, d: large, e: large }, null)).toMatchObject({
      error: { operation: "", detail: "has more than 131072 bytes in all" },
    });
  });
});

describe("a recursive schema", () => {
  const tree = {
    $ref: "#/$defs/node",
    $defs: {
      node: {
        type: "object",
        properties: {
          name: { type: "string" },
          children: { type: "array", items: { $ref: "#/$defs/node" } },
        },
        required: ["name"],
        additionalProperties: false,
      },
    },
  };

  it("is checked at every depth", () => {
    expect(told(tree)).toBe("ok");
    const deep = (leaf: object, depth: number): object =>
      depth === 0 ? leaf : { name: "n", children: [deep(leaf, depth - 1)] };
    expect(argumentsFault(tree, deep({ name: "leaf" }, 20))).toBeNull();
    expect(argumentsFault(tree, deep({ name: 1 }, 2))).toBe('"/children/0/children/0/name" (type)');
    expect(
      argumentsFault({ properties: { sub: { $ref: "#" }, n: { type: "null" } } }, { sub: { n: 1 } }),
    ).toBe('"/sub/n" (type)');
  });

  it("does not exhaust the stack, and what is too deep does not match, under not either (P1)", () => {
    const chain: Record<string, JsonSchema> = { d29: { properties: { a: { $ref: "#/$defs/d0" } } } };
    for (let at = 0; at < 29; at += 1) chain[`d${at}`] = { allOf: [{ $ref: `#/$defs/d${at + 1}` }] };
    const args = parsed(`${'{"a":'.repeat(60)}{}${"}".repeat(60)}`);
    const recursive = { $ref: "#/$defs/d0", $defs: chain };
    expect(argumentsFault(recursive, args)).toBe('"" (steps)');
    expect(argumentsFault({ not: { $ref: "#/$defs/d0" }, $defs: chain }, args)).toBe('"" (steps)');
  });

  it("that doubles at each level costs at most the budget (P1)", () => {
    const twice = { properties: { a: { allOf: [{ $ref: "#" }, { $ref: "#" }] } } };
    const args = (depth: number): JsonSchema => parsed(`${'{"a":'.repeat(depth)}{}${"}".repeat(depth)}`);
    expect(argumentsFault(twice, args(4), new Steps(1_000))).toBeNull();
    const steps = new Steps(1_000);
    expect(argumentsFault(twice, args(60), steps)).toBe('"" (steps)');
    expect(steps.spent).toBeLessThan(2_000);
  });
});

describe("arguments", () => {
  const address = {
    type: "object",
    properties: {
      title: { type: "string", minLength: 1, maxLength: 5, pattern: "^[a-z]+$" },
      tags: { type: "array", items: { type: "string" }, uniqueItems: true },
      at: { type: "string", format: "date-time" },
      to: { $ref: "#/$defs/person" },
      map: { type: "object", additionalProperties: { type: "integer" } },
      one: { anyOf: [{ type: "null" }, { type: "integer", minimum: 3 }] },
    },
    required: ["title"],
    additionalProperties: false,
    $defs: { person: { type: "object", required: ["na/me"], properties: { "na/me": { type: "string" } } } },
  };

  test.each<[string, unknown, string | null]>([
    [
      "match",
      { title: "abc", tags: ["a", "b"], at: "2026-11-25T00:00:00Z", to: { "na/me": "x" }, one: null },
      null,
    ],
    ["lack a member", {}, '"/title" (required)'],
    ["are no object", [], '"" (type)'],
    ["have one too many, whose name is not repeated", { title: "a", s3cret: 1 }, '"" (additionalProperties)'],
    ["are too long", { title: "abcdef" }, '"/title" (maxLength)'],
    ["are of another type", { title: 5 }, '"/title" (type)'],
    ["do not match a pattern", { title: "ABC" }, '"/title" (pattern)'],
    ["do not match a format", { title: "a", at: "yesterday" }, '"/at" (format)'],
    ["have a fault within a list", { title: "a", tags: ["a", 1] }, '"/tags/1" (type)'],
    ["repeat an item", { title: "a", tags: ["a", "a"] }, '"/tags" (uniqueItems)'],
    ["have a fault behind a reference", { title: "a", to: {} }, '"/to/na~1me" (required)'],
    ["have a fault under a name of their own", { title: "a", map: { "555-1234": "x" } }, '"/map" (type)'],
    ["match none of several", { title: "a", one: 1 }, '"/one" (anyOf)'],
    ["have a __proto__ that is as it should be", parsed('{"title":"a","map":{"__proto__":1}}'), null],
    ["have a __proto__ that is not", parsed('{"title":"a","map":{"__proto__":"x"}}'), '"/map" (type)'],
    ["have half a character as a name", { title: "a", map: { "\ud800": "x" } }, '"/map" (type)'],
  ])("that %s", (_what, args, expected) => {
    expect(checkSchema(address).ok).toBe(true);
    expect(argumentsFault(address, args)).toBe(expected);
  });

  describe("with a name that only the case of its letters tells from one in the schema", () => {
    const schema = {
      type: "object",
      properties: {
        path: { type: "string" },
        keys: { type: "object", properties: { key: { type: "string" } } },
        list: { type: "array", items: { type: "object", properties: { id: { type: "integer" } } } },
        fields: { type: "object" },
        ID: { type: "integer" },
        id: { type: "integer" },
      },
      allOf: [{ properties: { deep: { $ref: "#/$defs/deep" } } }],
      patternProperties: { "^X": {} },
      $defs: { deep: { properties: { inner: {}, deep: { $ref: "#/$defs/deep" } } } },
    };

    it.each<[string, unknown]>([
      ["/path", { path: "/tmp", Path: "/etc" }],
      ["/path", { PATH: "/etc" }],
      ["/keys/key", { keys: { "\u212aey": "x" } }],
      ["/list/1/id", { list: [{ id: 1 }, { Id: 2 }] }],
      ["/deep/deep/inner", { deep: { deep: { Inner: 1 } } }],
    ])("do not match, at %s, because a server in Go reads it as that one (P1)", (pointer, args) => {
      expect(checkSchema(schema).ok).toBe(true);
      expect(argumentsFault(schema, args)).toBe(`"${pointer}" (properties)`);
    });

    it.each<[string, unknown]>([
      ["the schema declares both", { id: 1, ID: 2 }],
      ["a pattern of the schema declares it", { Xpath: 1, XPATH: 2 }],
      ["the schema names no members there", { fields: { Path: 1, path: 2, A: 1, a: 2 } }],
      ["it is another name", { paths: 1 }],
    ])("match where %s", (_, args) => expect(argumentsFault(schema, args)).toBeNull());
  });

  it("lack a member that only the prototype has", () => {
    for (const name of ["constructor", "toString", "hasOwnProperty"]) {
      expect(argumentsFault({ required: [name] }, {})).toBe(`"/${name}" (required)`);
      expect(argumentsFault({ properties: { [name]: { type: "string" } } }, {})).toBeNull();
    }
  });

  it("of a schema in draft 7 are read as draft 7 says", () => {
    const pair = draft7({
      items: [{ type: "string" }, { type: "integer" }],
      additionalItems: { type: "null" },
    });
    expect(argumentsFault(pair, ["a", 1, null])).toBeNull();
    expect(argumentsFault(pair, ["a", "b"])).toBe('"/1" (type)');
    expect(argumentsFault(pair, ["a", 1, 2])).toBe('"/2" (type)');
    expect(argumentsFault(draft7({ items: { type: "string" }, additionalItems: false }), ["a"])).toBeNull();
    const depends = draft7({ dependencies: { a: ["b"], c: { required: ["d"] } } });
    expect(argumentsFault(depends, { a: 1 })).toBe('"" (dependentRequired)');
    expect(argumentsFault(depends, { c: 1 })).toBe('"/d" (required)');
    expect(argumentsFault(depends, { a: 1, b: 1, c: 1, d: 1 })).toBeNull();
  });

  it("never match a schema that could not be kept today", () => {
    expect(argumentsFault({ $ref: "https://example.com" }, {})).toBe('"" (schema)');
  });

  it("leave the schema as it was", () => {
    const before = JSON.stringify(address);
    argumentsFault(address, { title: "a" });
    expect(JSON.stringify(address)).toBe(before);
    expect(Object.getOwnPropertyNames(address.properties.title)).toEqual(
      Object.keys(address.properties.title),
    );
  });
});

it("neither schema nor arguments make a check throw, and what is let in can be used (P1)", () => {
  const words = fc.constantFrom(
    ..."type properties items allOf anyOf not if then else $ref $defs pattern format required enum const minLength uniqueItems contains additionalProperties unevaluatedProperties patternProperties propertyNames dependentSchemas constructor a".split(
      " ",
    ),
  );
  const leaf = fc.constantFrom<unknown>(
    "object",
    "string",
    "#",
    "#/$defs/a",
    "^a+$",
    "email",
    true,
    0,
    2,
    null,
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(words, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  const schemas = fc.dictionary(words, value, { maxKeys: 5, noNullPrototype: true });
  let kept = 0;
  fc.assert(
    fc.property(schemas, fc.jsonValue(), (schema, args) => {
      const isKept = checkSchema(schema).ok;
      kept += isKept ? 1 : 0;
      const fault = argumentsFault(schema, args);
      expect(fault === '"" (schema)').toBe(!isKept);
    }),
    { numRuns: 3_000 },
  );
  expect(kept).toBeGreaterThan(100);
});

describe("the steps of a check", () => {
  const stepsOf = (schema: JsonSchema, args: unknown): number => {
    const steps = new Steps(Number.MAX_SAFE_INTEGER);
    argumentsFault(schema, args, steps);
    return steps.spent;
  };
  const many = <T>(length: number, item: (index: number) => T): readonly T[] =>
    Array.from({ length }, (_, i) => item(i));

  test.each<[string, JsonSchema, (size: number) => unknown]>([
    ["a hostile URL", { items: { format: "url" } }, (n) => [`http://${"a".repeat(n)}!`]],
    ["a hostile address", { items: { format: "email" } }, (n) => [`${"a.".repeat(n)}@${"a.".repeat(n)}`]],
    ["a hostile pattern", { items: { pattern: "^(a+)+$" } }, (n) => [`${"a".repeat(n)}!`]],
    [
      "many strings for a pattern",
      { items: { pattern: "^(?:a?){20}b" } },
      (n) => many(n, () => "a".repeat(20)),
    ],
    [
      "many names for a pattern",
      { patternProperties: { "(a|aa)+$": {} } },
      (n) => Object.fromEntries(many(n, (i) => [`${"a".repeat(20)}${String(i).padStart(8)}`, 1])),
    ],
    ["many items that must differ", { uniqueItems: true }, (n) => many(n, (i) => ({ a: i, b: [i] }))],
    [
      "many items under many schemas",
      { items: { allOf: many(50, () => ({ type: "number" })) } },
      (n) => many(n, (i) => i),
    ],
    [
      "many items that nothing has looked at",
      { anyOf: many(9, () => ({ prefixItems: [{}] })), unevaluatedItems: {} },
      (n) => many(n, (i) => i),
    ],
    [
      "many objects under many dependencies",
      { items: { dependentRequired: Object.fromEntries(many(500, (i) => [`a${i}`, []])) } },
      (n) => many(n, () => ({})),
    ],
    ["many long numbers", { items: { multipleOf: 1e-308 } }, (n) => many(n, () => 1e308)],
    [
      "a long value of a list",
      { items: { enum: many(50, (i) => "x".repeat(i)) } },
      (n) => many(n, () => "y".repeat(40)),
    ],
  ])("are linear for %s: 16 times as much takes at most 16 times as many", (_what, schema, args) => {
    expect(checkSchema(schema).ok).toBe(true);
    expect(stepsOf(schema, args(3_200))).toBeLessThanOrEqual(16 * stepsOf(schema, args(200)) + 16 * 64);
  });

  it("compiles what references lead to once, so that a short schema cannot become a large one", () => {
    const compiled = compileSchema({
      $defs: { a: { enum: many(9, (i) => i) } },
      anyOf: many(9, () => ({ $ref: "#/$defs/a" })),
    });
    const targets = compiled.ok ? compiled.value.schema.anyOf?.flatMap(({ allOf }) => allOf) : [];
    expect(targets).toHaveLength(9);
    expect(new Set(targets).size).toBe(1);
  });

  it.each<[string, JsonSchema, unknown, number]>([
    [
      "names that others need",
      { dependentRequired: Object.fromEntries(many(900, (i) => [`a${i}`, []])) },
      {},
      900,
    ],
    ["names that one needs", { dependentRequired: { a: many(900, (i) => `b${i}`) } }, { a: 1 }, 900],
    ["names that are required", { required: many(900, (i) => `b${i}`) }, {}, 900],
    ["schemas of names", { dependentSchemas: Object.fromEntries(many(900, (i) => [`a${i}`, true])) }, 1, 900],
    ["digits", { multipleOf: 1e-308 }, 1e308, 600],
    ["room for a pattern", { pattern: "^(?:abcdefghij){180}$" }, "", 15],
  ])("count %s, whatever is found", (_what, schema, args, least) => {
    expect(checkSchema(schema).ok).toBe(true);
    expect(stepsOf(schema, args)).toBeGreaterThanOrEqual(least);
  });

  it("are bounded for a call as a whole: what takes more does not match, whatever the schema makes of it (P1)", () => {
    const strings = many(500, () => "a".repeat(20));
    const [matches, pattern] = [{ pattern: "^(?:a?){20}$" }, { pattern: "^(?:a?){20}b" }];
    for (const schema of [{ items: matches }, { items: { not: pattern } }, { not: { items: matches } }]) {
      const steps = new Steps(10_000);
      expect(argumentsFault(schema, strings, steps)).toBe('"" (steps)');
      expect(steps.spent).toBeLessThan(20_000);
    }
    expect(argumentsFault({ items: { not: pattern } }, strings)).toBeNull();
  });

  it("are enough for the largest body that is taken", () => {
    const rows = many(20_000, (i) => ({
      id: i,
      name: "some name",
      tags: ["a", "b"],
      at: "2026-11-25T00:00:00Z",
    }));
    const schema = {
      items: {
        required: ["id", "name"],
        properties: {
          id: { type: "integer", minimum: 0 },
          name: { type: "string", maxLength: 20, pattern: "^[a-z ]+$" },
          tags: { type: "array", items: { type: "string" }, uniqueItems: true },
          at: { type: "string", format: "date-time" },
        },
        additionalProperties: false,
      },
    };
    expect(JSON.stringify(rows).length).toBeGreaterThan(1_048_576);
    expect(argumentsFault(schema, rows)).toBeNull();
  });
});
