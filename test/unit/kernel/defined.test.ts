import { expect, expectTypeOf, test } from "vitest";
import { defined } from "../../../src/kernel/defined.ts";

test("leaves out a member that is undefined, because JSON and a spread tell it from one that is absent", () => {
  expect(Object.keys(defined({ a: 1, b: undefined }))).toEqual(["a"]);
  expect({ b: 2, ...defined({ b: undefined }) }).toEqual({ b: 2 });
});

test("keeps every other value, null, false, zero and the empty string included", () => {
  expect(defined({ a: null, b: false, c: 0, d: "" })).toEqual({ a: null, b: false, c: 0, d: "" });
});

test("does not look into a member: what is undefined further down is not its business", () => {
  expect(defined({ a: { b: undefined } })).toStrictEqual({ a: { b: undefined } });
});

test("does not take a member named __proto__ for the prototype", () => {
  const members = JSON.parse('{"__proto__": {"admin": true}}') as object;
  const kept = defined(members);
  expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
  expect(Object.keys(kept)).toEqual(["__proto__"]);
});

test("types a member that may be undefined as optional, and the others as they are", () => {
  const reason: string | undefined = JSON.parse('"x"') as string | undefined;
  const kept = defined({ id: "1" as string, reason });
  expectTypeOf(kept.id).toEqualTypeOf<string>();
  const whole: { readonly id: string; readonly reason?: string } = kept;
  expect(whole).toEqual({ id: "1", reason: "x" });
});
