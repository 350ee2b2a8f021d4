import { array, assert, constantFrom, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { splitPolicies } from "../../../src/policy/split-policies.ts";

const texts = (bundle: string): readonly string[] => {
  const split = splitPolicies(bundle);
  if (!split.ok) throw new Error(JSON.stringify(split.error));
  return split.value.map(({ text }) => text);
};
const faults = (bundle: string) => {
  const split = splitPolicies(bundle);
  return split.ok ? [] : split.error;
};
const OPEN = "permit(principal, action, resource)";

describe("splitting a bundle", () => {
  it("ends a policy at a ; that is in no string and in no comment", () => {
    const first = `@reason("a; \\"b; c") ${OPEN} // not here;\n  ;`;
    expect(texts(`${first}\n// of the second\n${OPEN};`)).toEqual([first, `${OPEN};`]);
  });

  it("says where each policy begins, in lines and columns of the file, because editors jump there", () => {
    const split = splitPolicies(`\n// first\n  ${OPEN};${OPEN};\n// nothing follows\n`);
    expect(split).toMatchObject({
      ok: true,
      value: [
        { line: 3, column: 3 },
        { line: 3, column: 3 + OPEN.length + 1 },
      ],
    });
  });

  it("reads an empty bundle, and one of comments alone, as no policies", () => {
    expect(texts("")).toEqual([]);
    expect(texts("// nothing yet; really\n")).toEqual([]);
  });

  it("refuses a policy without an end, and a string without one, where they begin", () => {
    expect(faults(`${OPEN};\n${OPEN}`)).toMatchObject([
      { line: 2, column: 1, message: "The policy has no ; at its end." },
    ]);
    expect(faults(`${OPEN};\n${OPEN} when { "a };`)).toMatchObject([
      { line: 2, column: OPEN.length + 9, message: "The string has no end." },
    ]);
  });

  it("loses no character but space and comments between policies, whatever the text", () => {
    const piece = constantFrom('"', "\\", ";", "//", "\n", "a", "{", "}", "é", "😀", " ");
    assert(
      property(array(piece, { maxLength: 40 }), (pieces) => {
        const bundle = pieces.join("");
        const split = splitPolicies(bundle);
        if (!split.ok) return;
        let rest = bundle;
        for (const { text } of split.value) {
          const at = rest.indexOf(text);
          expect(rest.slice(0, at)).toMatch(/^(?:\s|\/\/[^\n]*\n)*$/);
          rest = rest.slice(at + text.length);
        }
      }),
    );
  });
});

describe("the bounds of what Cedar is given", () => {
  const when = (condition: string): string => `${OPEN} when { ${condition} };`;

  it.each([
    ["brackets nested 25 deep", when(`${"(".repeat(24)}true${")".repeat(24)}`), "nests brackets"],
    ["201 operators", when(Array.from({ length: 202 }, () => "true").join("&&")), "more than 200 operators"],
    ["201 words of if", when(`${"if true then 1 else ".repeat(67)}1`), "more than 200 operators"],
    ["201 accesses by name", when(`context${'["a"]'.repeat(201)}`), "more than 200 operators"],
    ["10,241 bytes", when(`"${"é".repeat(5_120)}" == ""`), "bytes; 10240 is the most"],
  ])(
    "refuses a policy of %s, because its parser recurses and its stack is the isolate's",
    (_what, text, said) => {
      expect(faults(`${OPEN};\n${text}`)).toMatchObject([{ line: 2, column: 1 }]);
      expect(faults(text)[0]?.message).toContain(said);
    },
  );

  it("counts what follows a comment that a carriage return ends, because Cedar reads it", () => {
    expect(faults(when(`true // \r ${"&& true ".repeat(201)}\n`))[0]?.message).toContain(
      "more than 200 operators",
    );
  });

  it("does not count what is in strings or comments", () => {
    expect(faults(when(`"${"(&&".repeat(1_000)}" == "" // ${"(&&".repeat(200)}\n`))).toEqual([]);
  });

  it("refuses the 1,001st policy, and a bundle of more than 524,288 bytes", () => {
    expect(faults(`${OPEN};\n`.repeat(1_001))).toMatchObject([
      { line: 1_001, message: "The bundle has more than 1000 policies." },
    ]);
    expect(faults(`//${" ".repeat(524_288)}`)).toMatchObject([
      { message: "The bundle has more than 524288 bytes." },
    ]);
  });

  it("says at most 50 faults", () => {
    expect(faults(`${when("(".repeat(30))}\n`.repeat(60))).toHaveLength(50);
  });
});
