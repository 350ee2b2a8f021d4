import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { editDistance, nearMatch } from "../../../src/kernel/near-match.ts";

describe("the distance between two names", () => {
  test.each([
    ["", "", 0],
    ["", "abc", 3],
    ["zendesk", "zendesk", 0],
    ["zendesk", "zendsk", 1],
    ["zendesk", "zendeck", 1],
    ["zendesk", "zendeskk", 1],
    ["kitten", "sitting", 3],
    ["ab", "ba", 2],
  ])("of %j and %j is %i single-character edits", (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits);
  });

  it("is the same both ways, nothing only for equals, and never more than the longer name", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe("the name that was probably meant", () => {
  test.each([
    ["zendsk", ["jira", "zendesk"], "zendesk"],
    ["premium-resoning", ["premium-reasoning", "cheap"], "premium-reasoning"],
    ["zendesk", ["zendesk-eu", "zendesk"], "zendesk"],
    ["zendesk", ["github", "salesforce"], null],
    ["ab", ["cd"], null],
    ["a", [], null],
  ])("for %j among %j is %j", (wanted, names, near) => {
    expect(nearMatch(wanted, names)).toBe(near);
  });

  it("is the first of two that are equally near, so that the answer never changes by itself", () => {
    expect(nearMatch("tool-x", ["tool-a", "tool-b"])).toBe("tool-a");
  });
});
