import {
  anything,
  array,
  assert,
  constantFrom,
  dictionary,
  double,
  integer,
  jsonValue,
  letrec,
  oneof,
  property,
  record,
  string,
  type Arbitrary,
} from "fast-check";
import { describe, expect, it } from "vitest";
import { argumentShape } from "../../../src/policy/argument-shape.ts";
import { cedarArguments } from "../../../src/policy/cedar-arguments.ts";
import { cedar } from "../../support/policies.ts";

const convert = (schema: Record<string, unknown>, args: unknown) =>
  cedarArguments(argumentShape(schema).shape, args);
const members = (properties: Record<string, unknown>, args: unknown) =>
  convert({ type: "object", properties }, args);

describe("arguments for Cedar", () => {
  it("are of the kind that the schema says: an integer is a long, a number always a decimal", () => {
    const schema = {
      a: { type: "integer" },
      b: { type: "number" },
      c: { type: "number" },
      d: { type: "number" },
    };
    expect(members(schema, { a: 2, b: 2, c: -1.5, d: -0 })).toEqual({
      ok: true,
      value: {
        value: {
          a: 2,
          b: { __extn: { fn: "decimal", arg: "2.0" } },
          c: { __extn: { fn: "decimal", arg: "-1.5" } },
          d: { __extn: { fn: "decimal", arg: "0.0" } },
        },
        omitted: [],
      },
    });
  });

  it.each([
    ["an integer beyond what a number holds exactly", { type: "integer" }, 2 ** 53],
    ["a fraction where an integer is", { type: "integer" }, 1.5],
    ["more than four digits behind the point", { type: "number" }, 1.00001],
    ["a number beyond 64 bits", { type: "number" }, 922_337_203_685_478],
    ["a number in powers of ten", { type: "number" }, 1e21],
    ["text with half a character", { type: "string" }, "\ud800"],
    ["a text of more than 8,192 characters", { type: "string" }, "a".repeat(8_193)],
    ["another kind than the schema says", { type: "string" }, 3],
  ])("omit and list %s", (_what, schema, value) => {
    expect(members({ a: schema, b: { type: "string" } }, { a: value, b: "x" })).toEqual({
      ok: true,
      value: { value: { b: "x" }, omitted: [["a"]] },
    });
  });

  it("drop null members, and omit a null in an array with the array listed", () => {
    const schema = { a: { type: ["string", "null"] }, b: { type: "array", items: { type: "integer" } } };
    expect(members(schema, { a: null, b: [1, null] })).toEqual({
      ok: true,
      value: { value: { b: [1] }, omitted: [["b"]] },
    });
  });

  it("pass nothing that the schema does not name", () => {
    expect(members({ a: { type: "string" } }, { a: "x", b: "y" })).toMatchObject({
      value: { value: { a: "x" } },
    });
  });

  it.each(["__entity", "__extn", "__expr", "__proto__", "__typename"])(
    "are refused with a member %s, however deep, because such names are Cedar's own",
    (name) => {
      const hostile = JSON.parse(
        `{"a": [{"b": {"${name}": {"type": "Dome::Agent", "id": "x"}}}]}`,
      ) as unknown;
      expect(convert({ type: "object" }, hostile)).toMatchObject({ ok: false });
    },
  );

  it("are refused deeper than 8 levels, and beyond 65,536 bytes", () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
    expect(convert({ type: "object" }, nested(8)).ok).toBe(true);
    expect(convert({ type: "object" }, nested(9))).toMatchObject({ ok: false });
    expect(convert({ type: "object" }, { a: "é".repeat(32_768) })).toMatchObject({ ok: false });
  });
});

/** Schemas that have every kind, and arguments that often fit them. */
const { schema: schemas } = letrec<{ schema: Record<string, unknown> }>((tie) => ({
  schema: oneof(
    { maxDepth: 4, withCrossShrink: true },
    constantFrom<Record<string, unknown>[]>(
      { type: "string" },
      { type: "integer" },
      { type: "number" },
      { type: "boolean" },
      { type: ["number", "null"] },
      {},
    ),
    record({ type: constantFrom("array"), items: tie("schema") }) as Arbitrary<Record<string, unknown>>,
    record({
      type: constantFrom("object"),
      properties: dictionary(constantFrom("a", "b", "type", "id", "fn", "toString"), tie("schema"), {
        maxKeys: 3,
      }),
    }) as Arbitrary<Record<string, unknown>>,
  ),
}));
const values = oneof(
  jsonValue(),
  double(),
  integer(),
  string({ unit: "binary" }),
  dictionary(constantFrom("a", "b", "type", "id", "fn", "toString", "__entity", "__extn"), jsonValue()),
  array(jsonValue()),
);

describe("arguments of whatever form, at the real engine", () => {
  const text = "permit(principal, action, resource);";
  const uid = (id: string) => ({ type: "Dome::Agent", id });

  it("never fail a request, and never hold an entity or an extension that the schema does not say", () => {
    expect(cedar.keep("arguments", { p: text })).toEqual({ type: "success" });
    assert(
      property(
        dictionary(constantFrom("a", "b", "c"), schemas),
        dictionary(constantFrom("a", "b", "c", "d"), values),
        (properties, args) => {
          const made = members(properties, args);
          if (!made.ok) return;
          const written = JSON.stringify(made.value.value);
          expect(written).not.toContain("__entity");
          for (const [, fn] of written.matchAll(/"__extn":\{"fn":"(\w+)"/g)) expect(fn).toBe("decimal");
          const answer = cedar.authorize({
            principal: uid("a"),
            action: { type: "Dome::Action", id: "mcp:call" },
            resource: uid("b"),
            context: { arguments: { ...made.value.value } },
            entities: [],
            preparsedPolicySetId: "arguments",
          });
          expect(answer).toMatchObject({ type: "success", response: { decision: "allow" } });
        },
      ),
      { numRuns: 150 },
    );
  });

  it("never make the conversion throw, also where they are no JSON", () => {
    assert(
      property(schemas, anything({ withBigInt: false }), (schema, args) => {
        convert({ type: "object", properties: { a: schema } }, { a: args });
      }),
    );
  });
});
