import { expect, test } from "vitest";
import { oncePer } from "../../../src/kernel/once-per.ts";

test("a value is made once for an object, also when it is undefined", () => {
  const seen: object[] = [];
  const nothing = oncePer((from: object) => void seen.push(from));
  const first = { a: 1 };
  const copy = { a: 1 };
  expect([nothing(first), nothing(first), nothing(copy)]).toEqual([undefined, undefined, undefined]);
  expect(seen).toHaveLength(2);
  expect(seen[0]).toBe(first);
  expect(seen[1]).toBe(copy);
});
