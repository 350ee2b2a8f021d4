import { expect, it } from "vitest";
import { BoundedMap } from "../../../src/kernel/bounded-map.ts";

it("never holds more than its limit: what was used least recently goes", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  expect(map.get("a")).toBe(1); // used: now b is the oldest
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([1, undefined, 3]);
});

it("keeps one value per key, the last one, and setting it counts as use", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  map.set("c", 4);
  expect([map.get("a"), map.get("b"), map.get("c")]).toEqual([3, undefined, 4]);
});

it("forgets what it is told to forget", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1);
  map.delete("a");
  map.delete("never");
  expect(map.get("a")).toBeUndefined();
});
