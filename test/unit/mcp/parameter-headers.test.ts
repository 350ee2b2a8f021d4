/** Arguments that a pinned schema repeats in headers. */
import { describe, expect, it } from "vitest";
import {
  parameterHeaders,
  parameterHeaderValues,
  parameterMismatch,
  pinnedParameterHeaders,
} from "../../../src/mcp/parameter-headers.ts";

const REGION = { type: "string", "x-mcp-header": "Region" };
const object = (properties: object) => ({ type: "object", properties });
const annotationsOf = (schema: unknown) => {
  const found = parameterHeaders(schema);
  if (!found.ok) throw new Error(found.error);
  return found.value;
};

describe("the annotations of a pinned schema", () => {
  it("are found once per schema, and none is in a schema that a newer rule refuses", () => {
    const schema = object({ region: REGION });
    const found = pinnedParameterHeaders(schema);
    expect(found).toEqual(annotationsOf(schema));
    expect(pinnedParameterHeaders(schema)).toBe(found);
    expect(pinnedParameterHeaders(object({ list: { type: "array", items: REGION } }))).toEqual([]);
  });
});

describe("the annotation x-mcp-header", () => {
  it("is found at any depth under properties", () => {
    expect(
      annotationsOf(
        object({ region: REGION, deep: object({ level: { type: "integer", "x-mcp-header": "L" } }) }),
      ),
    ).toEqual([
      { path: ["region"], header: "mcp-param-region", type: "string" },
      { path: ["deep", "level"], header: "mcp-param-l", type: "integer" },
    ]);
  });

  it.each([
    ["items", { list: { type: "array", items: REGION } }],
    ["oneOf", { a: { oneOf: [REGION] } }],
    ["anyOf", { a: { anyOf: [REGION] } }],
    ["allOf", { a: { allOf: [object({ b: REGION })] } }],
    ["not", { a: { not: REGION } }],
    ["additionalProperties", { a: { additionalProperties: REGION } }],
    ["patternProperties", { a: { patternProperties: { x: REGION } } }],
  ])(
    "makes a definition invalid under %s, where no argument is reached by names alone",
    (_where, properties) => {
      expect(parameterHeaders(object(properties)).ok).toBe(false);
    },
  );

  it.each([
    ["if", { if: REGION }],
    ["$defs", { $defs: { a: REGION } }],
    ["the root", REGION],
  ])("makes a definition invalid at %s", (_where, schema) => {
    expect(parameterHeaders(schema).ok).toBe(false);
  });

  it.each([
    ["an empty name", { type: "string", "x-mcp-header": "" }],
    ["a name with a space", { type: "string", "x-mcp-header": "a b" }],
    ["a name with a line", { type: "string", "x-mcp-header": "a\r\nb" }],
    ["a name that is no text", { type: "string", "x-mcp-header": 1 }],
    ["an object", { type: "object", "x-mcp-header": "A" }],
    ["no type", { "x-mcp-header": "A" }],
  ])("makes a definition invalid with %s", (_what, schema) => {
    expect(parameterHeaders(object({ a: schema })).ok).toBe(false);
  });

  it("makes a definition invalid when two differ in the case of letters alone", () => {
    const other = { type: "string", "x-mcp-header": "REGION" };
    expect(parameterHeaders(object({ a: REGION, b: other })).ok).toBe(false);
  });

  it("is a name like any other where names stand, and data where values stand", () => {
    expect(annotationsOf(object({ "x-mcp-header": { type: "string" } }))).toEqual([]);
    expect(annotationsOf({ ...object({}), default: { "x-mcp-header": 1 }, examples: [REGION] })).toEqual([]);
    expect(annotationsOf({ ...object({}), $defs: { "x-mcp-header": { type: "string" } } })).toEqual([]);
  });
});

describe("a header that repeats an argument", () => {
  const annotations = annotationsOf(
    object({
      region: REGION,
      level: { type: "integer", "x-mcp-header": "Level" },
      on: { type: "boolean", "x-mcp-header": "On" },
    }),
  );
  const mismatch = (args: object, headers: Record<string, string>) =>
    parameterMismatch(annotations, args, new Headers(headers));

  it("agrees with it", () => {
    expect(mismatch({ region: "eu" }, { "Mcp-Param-Region": "eu" })).toBeNull();
    expect(mismatch({ region: "Zürich " }, { "mcp-param-region": "=?base64?WsO8cmljaCA=?=" })).toBeNull();
    expect(mismatch({ on: true }, { "mcp-param-on": "true" })).toBeNull();
  });

  it("compares integers as numbers", () => {
    expect(mismatch({ level: 42 }, { "mcp-param-level": "42.0" })).toBeNull();
    expect(mismatch({ level: 42 }, { "mcp-param-level": "0x2a" })).not.toBeNull();
    expect(mismatch({ level: 42 }, { "mcp-param-level": "43" })).not.toBeNull();
  });

  it.each([
    ["is absent", { region: "eu" }, {}],
    ["says another thing", { region: "eu" }, { "mcp-param-region": "us" }],
    ["is no base64", { region: "eu" }, { "mcp-param-region": "=?base64?ZXU?=" }],
    ["stands beside no argument", {}, { "mcp-param-region": "eu" }],
    ["stands beside null", { region: null }, { "mcp-param-region": "null" }],
  ])("is refused when it %s, without repeating a value", (_what, args, headers) => {
    const words = mismatch(args, headers);
    expect(words).toContain("mcp-param-region");
    expect(words).not.toMatch(/\b(?:eu|us|null)\b/);
  });

  it("is not asked for without its argument, and an unknown one is ignored", () => {
    expect(mismatch({}, {})).toBeNull();
    expect(mismatch({}, { "mcp-param-other": "x" })).toBeNull();
  });

  it("reads no argument from the prototype of an object", () => {
    const odd = annotationsOf(object({ constructor: { type: "string", "x-mcp-header": "C" } }));
    expect(parameterMismatch(odd, {}, new Headers())).toBeNull();
  });

  it("is written for a modern upstream from the arguments", () => {
    expect(parameterHeaderValues(annotations, { region: "Zürich ", level: 3, on: false })).toEqual([
      ["mcp-param-region", "=?base64?WsO8cmljaCA=?="],
      ["mcp-param-level", "3"],
      ["mcp-param-on", "false"],
    ]);
    expect(parameterHeaderValues(annotations, { region: null })).toEqual([]);
  });
});
