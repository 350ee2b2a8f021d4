/** The formatter, on policies with comments and space wherever there can be some. */
import { array, assert, boolean, constantFrom, oneof, property, record, tuple } from "fast-check";
import { expect, it } from "vitest";
import { formatBundle } from "../../../src/policy/format-bundle.ts";
import { readBundle } from "../../../src/policy/read-bundle.ts";
import type { CompiledBundle } from "../../../src/policy/shape.ts";
import { cedar } from "../../support/policies.ts";

/** Tokens, each parted from the next by `¦`. */
const tokens = (text: string): readonly string[] => text.split("¦");

const CONDITIONS = [
  `true`,
  `context¦.¦time¦.¦hour¦>¦8¦&&¦context¦.¦time¦.¦hour¦<¦18`,
  `[¦1¦,¦2¦,¦3¦]¦.¦contains¦(¦context¦.¦time¦.¦weekday¦)`,
  `if¦principal¦has¦x¦then¦true¦else¦!¦(¦false¦||¦1¦==¦2¦)`,
  `{¦a¦:¦"x // no comment"¦,¦"b c"¦:¦2¦}¦has¦a`,
  `principal¦.¦name¦like¦"tri*"¦||¦principal¦in¦Dome::Tier::"standard"`,
  `context¦.¦actas¦[¦"e mail"¦]¦==¦"line  \n  line"`,
  `context¦.¦request¦.¦user_agent¦==¦"a text that is so long that the line is too long"¦&&¦context¦.¦request¦.¦ip¦.¦isInRange¦(¦ip¦(¦"10.0.0.0/8"¦)¦)`,
];
const HEADS = [
  `(¦principal¦,¦action¦,¦resource¦)`,
  `(¦principal¦==¦Dome::Agent::"agt_1"¦,¦action¦in¦[¦Dome::Action::"mcp:call"¦,¦Dome::Action::"tool:use"¦]¦,¦resource¦in¦Dome::Tool::"zendesk"¦)`,
];

const policy = record({
  effect: constantFrom("permit", "forbid"),
  head: constantFrom(...HEADS),
  conditions: array(tuple(constantFrom("when", "unless"), constantFrom(...CONDITIONS)), { maxLength: 3 }),
  hasReason: boolean(),
}).map(({ effect, head, conditions, hasReason }) => (id: string) => [
  ...tokens(`@id¦(¦"${id}"¦)`),
  ...(hasReason ? tokens(`@reason¦(¦"Because: // of that."¦)`) : []),
  effect,
  ...tokens(head),
  ...conditions.flatMap(([word, condition]) => [word, "{", ...tokens(condition), "}"]),
  ";",
]);

const LINE_ENDS = ["\n", "\r\n"];
const COMMENTS = ["//", "// why", "//\t", '// "open', "// it's; {", "// é 🙂", "//// x // y  "];
/** What may stand between two tokens. */
const gap = oneof(
  { weight: 12, arbitrary: constantFrom(" ", "  ", "\n", "\t", "\r\n", " \n\n\n ") },
  {
    weight: 1,
    arbitrary: tuple(constantFrom(...COMMENTS), constantFrom(...LINE_ENDS)).map(
      (parts) => ` ${parts.join("")}`,
    ),
  },
);

const bundle = array(policy, { minLength: 1, maxLength: 3 })
  .map((policies) => policies.flatMap((tokensOf, index) => tokensOf(`p${index}`)))
  .chain((all) =>
    array(gap, { minLength: all.length + 1, maxLength: all.length + 1 }).map((gaps) =>
      gaps.map((space, index) => space + (all[index] ?? "")).join(""),
    ),
  );

/** The comments of a text, in their order, without the space at their end. */
const commentsOf = (text: string): readonly string[] =>
  Array.from(text.matchAll(/"(?:[^"\\]|\\.)*"|\/\/[^\n\r]*/gs), ([piece]) => piece)
    .filter((piece) => piece.startsWith("//"))
    .map((piece) => piece.trimEnd());

/** What the policies mean, without their places and their text. */
function meaning(text: string): CompiledBundle["policies"] {
  const read = readBundle(cedar, text);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value.policies.map((each) => ({ ...each, text: "", line: 0, column: 0 }));
}

it("keeps the meaning and the comments of every bundle, and changes nothing the second time", () => {
  assert(
    property(bundle, (text) => {
      const once = formatBundle(cedar, text);
      if (!once.ok) throw new Error(JSON.stringify(once.error));
      expect(meaning(once.value)).toEqual(meaning(text));
      expect(commentsOf(once.value)).toEqual(commentsOf(text));
      expect(formatBundle(cedar, once.value)).toEqual(once);
    }),
    { numRuns: 100 },
  );
});
