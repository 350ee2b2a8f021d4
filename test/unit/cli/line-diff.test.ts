import { describe, expect, it } from "vitest";
import { lineDiff } from "../../../src/cli/line-diff.ts";

const lines = (text: string): readonly string[] => text.split(" ").filter((line) => line !== "");

describe("a diff of lines", () => {
  it.each([
    ["a b c", "a b c", []],
    ["a b c", "a x c", ["@@ -1,3 +1,3 @@", " a", "-b", "+x", " c"]],
    ["", "a", ["@@ -0,0 +1 @@", "+a"]],
    ["a", "", ["@@ -1 +0,0 @@", "-a"]],
    ["a b", "b", ["@@ -1,2 +1 @@", "-a", " b"]],
  ])("of %j and %j is as diff -u writes it", (before, after, expected) => {
    expect(lineDiff(lines(before), lines(after))).toEqual(expected);
  });

  it("has three lines around each change, and leaves out the rest", () => {
    const before = lines("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16");
    const after = before.map((line) => (line === "4" || line === "13" ? `${line}!` : line));
    expect(lineDiff(before, after).filter((line) => line.startsWith("@@"))).toEqual([
      "@@ -1,7 +1,7 @@",
      "@@ -10,7 +10,7 @@",
    ]);
  });

  it("shows a change that is too large to compare as all old lines and all new ones", () => {
    const many = (word: string): readonly string[] =>
      Array.from({ length: 3_000 }, (_, at) => `${word}${at}`);
    const diff = lineDiff(["head", ...many("a"), "tail"], ["head", ...many("b"), "tail"]);
    expect(diff[0]).toBe("@@ -1,3002 +1,3002 @@");
    expect(diff.slice(1, 4)).toEqual([" head", "-a0", "-a1"]);
    expect(diff.at(-1)).toBe(" tail");
  });
});
