import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { MOST_INSTRUCTIONS } from "../../../src/registry/pattern-program.ts";
import { Pattern } from "../../../src/registry/pattern.ts";
import { Steps } from "../../../src/registry/steps.ts";

const compiled = (source: string): Pattern => {
  const pattern = Pattern.compile(source);
  if (!pattern.ok) throw new Error(`${source}: ${pattern.error}`);
  return pattern.value;
};
const matches = (source: string, text: string): boolean => compiled(source).test(text, new Steps());

/** Patterns made of all that is supported, and texts of the same few characters. */
const { pattern } = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4 },
    tie("atom"),
    fc.tuple(tie("atom"), tie("pattern")).map(([a, b]) => a + b),
    fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `${a}|${b}`),
    fc
      .tuple(
        tie("pattern"),
        fc.constantFrom("*", "+", "?", "{2}", "{0}", "{0,2}", "{1,}", "{0,}", "*?", "{1,3}?"),
      )
      .map(([a, quantifier]) => `(?:${a})${quantifier}`),
    tie("pattern").map((inner) => `(${inner})`),
    tie("pattern").map((inner) => `(?<n>${inner})`.replace(/<n>(?=.*<n>)/, "")),
  ),
  atom: fc.constantFrom(
    ..."a b . ^ $ \\b \\B \\d \\w \\s \\D [a-c] [^a] [\\]a] [^] [] \\. \\u0061 \\x61 \\u{1f600} \\ud83d\\ude00 \\p{L} \\P{L} 😀 é \\n \\t \\/ (?:) ()".split(
      " ",
    ),
  ),
}));
const text = fc.string({
  unit: fc.constantFrom("a", "b", "c", "1", " ", "\n", ".", "😀", "é", "\ud83d", "]"),
  maxLength: 8,
});

/** Tried at each code point, as ECMA-262 has it (§22.2.7.2): V8's own search also begins in the middle of a pair. */
function matchesFromSomewhere(sticky: RegExp, given: string): boolean {
  const starts = Array.from(given).reduce(
    (all, character) => [...all, (all.at(-1) ?? 0) + character.length],
    [0],
  );
  return starts.some((start) => {
    sticky.lastIndex = start;
    return sticky.test(given);
  });
}

describe("a pattern", () => {
  it("matches what the platform's expression with the flag u matches", () => {
    fc.assert(
      fc.property(pattern, text, (source, given) => {
        let native: RegExp;
        try {
          native = new RegExp(source, "uy");
        } catch {
          return; // two groups of one name
        }
        if (source.length > 256) return;
        expect([source, given, matches(source, given)]).toEqual([
          source,
          given,
          matchesFromSomewhere(native, given),
        ]);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ["^[A-Z]{2,5}-\\d+$", "AB-1", true],
    ["^[A-Z]{2,5}-\\d+$", "A-1", false],
    ["b", "abc", true],
    ["^(a+)+$", `${"a".repeat(5_000)}!`, false],
    ["^(a|a)*$", "a".repeat(5_000), true],
    ["^(?:a?){20}b", "a".repeat(5_000), false],
    ["x*$", "", true],
  ])("%s on %s", (source, given, expected) => {
    expect(matches(source, given)).toBe(expected);
  });

  test.each([
    ["(", "malformed"],
    ["a".repeat(257), "too_long"],
    ["(?=a)b", "unsupported"],
    ["(?!a)b", "unsupported"],
    ["(?<=a)b", "unsupported"],
    ["(?<!a)b", "unsupported"],
    ["(a)\\1", "unsupported"],
    ["(?<n>a)\\k<n>", "unsupported"],
    ["(?:a{100}){100}", "too_large"],
    ["^.{0,5000}$", "too_large"],
  ])("%s is refused: %s", (source, fault) => {
    expect(Pattern.compile(source)).toEqual({ ok: false, error: fault });
  });

  it("is read in bounded time, whatever is repeated within what is repeated", () => {
    expect(Pattern.compile(`${"(?:".repeat(45)}a${")?".repeat(45)}`).ok).toBe(true);
    expect(Pattern.compile("(?:){999999999}(?:(?:){99999}){99999}").ok).toBe(true);
    expect(Pattern.compile("(?:(?:a{0}){99999}){99999}").ok).toBe(true);
    expect(Pattern.compile(`${"(?:".repeat(30)}a${"){9}".repeat(30)}`).ok).toBe(false);
  });
});

describe("the steps of a match", () => {
  const stepsOf = (source: string, given: string): number => {
    const steps = new Steps(Number.MAX_SAFE_INTEGER);
    compiled(source).test(given, steps);
    return steps.spent;
  };

  it.each([
    ["^(a+)+$"],
    ["^(a|a)*$"],
    ["(a*)*b"],
    ["^(?:a?){20}b"],
    ["(?:a|aa)+$"],
    ["(.*)(.*)(.*)b"],
    ["\\ba\\B"],
  ])("are linear for %s: at most 16 times as many for a text 16 times as long", (source) => {
    const given = (length: number) => `${"a".repeat(length)}!`;
    const few = stepsOf(source, given(1_000));
    expect(stepsOf(source, given(16_000))).toBeLessThanOrEqual(16 * few + MOST_INSTRUCTIONS);
    expect(few).toBeLessThanOrEqual(1_001 * 2 * MOST_INSTRUCTIONS);
  });

  it("end a match when they are spent, and then nothing has matched", () => {
    const steps = new Steps(100);
    expect(compiled("a*b").test(`${"a".repeat(10_000)}b`, steps)).toBe(false);
    expect(steps.areSpent).toBe(true);
    expect(steps.spent).toBeLessThan(200);
  });
});
