/** Attacks on redaction: what a path or a pattern means is spelled, nested, repeated and cut, and must not be left. */
import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { Redactor } from "../../../../src/registry/redaction/redactor.ts";
import { compileRedaction } from "../../../../src/registry/redaction/rules.ts";

const CARD = "4111111111111111";
const SECRET = "Zq7";
const BADGE = "EMP-123456";

const compiled = compileRedaction({
  redactPaths: ["/a/s", "/**/t", "/b/*/c/s", "/**/q\\w"],
  redactPatterns: ["card_number", "/EMP-\\d{6}/"],
  redactUnreadable: "refuse",
});
if (!compiled.ok) throw new Error(compiled.error.detail);
const rules = compiled.value;

/** A text as written, and as somebody reads it who takes its escapes for such, again and again. */
function readings(text: string): readonly string[] {
  const found = [text];
  for (let depth = 0; depth < 12; depth += 1) {
    const next = (found.at(-1) ?? "").replaceAll(
      /\\(?:u([\da-f]{4})|x([\da-f]{2})|(.))/giu,
      (_all, four?: string, two?: string, one?: string) =>
        one ?? String.fromCharCode(parseInt(four ?? two ?? "", 16)),
    );
    found.push(next);
  }
  return found;
}

/** What of it somebody can still read. */
const leftIn = (text: string): readonly string[] =>
  [SECRET, BADGE, CARD].filter((each) => readings(text).some((reading) => reading.includes(each)));

type Choice = () => number;
const choices: fc.Arbitrary<Choice> = fc
  .array(fc.nat(255), { minLength: 64, maxLength: 64 })
  .map((numbers) => {
    let at = 0;
    return () => numbers[at++ % numbers.length] ?? 0;
  });

function quoted(text: string, choose: Choice): string {
  const written = Array.from(text, (character) => {
    const pick = choose() % 8;
    const hex = character.charCodeAt(0).toString(16).padStart(4, "0");
    if (character.length === 1 && pick === 0) return `\\u${hex}`;
    if (character.length === 1 && pick === 1) return `\\u${hex.toUpperCase()}`;
    if (character === "/" && pick === 2) return "\\/";
    return JSON.stringify(character).slice(1, -1);
  });
  return `"${written.join("")}"`;
}

/** JSON as a server may write it: escapes, white space, repeated members, and parts of it as texts of JSON. */
function spelled(value: unknown, choose: Choice, depth = 0): string {
  const space = (): string => ["", "", " ", "\n\t"][choose() % 4] ?? "";
  if (typeof value === "string") return quoted(value, choose);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = Array.isArray(value)
    ? `[${value.map((each) => `${space()}${spelled(each, choose, depth)}${space()}`).join(",")}]`
    : `{${Object.entries(value)
        .flatMap(([name, each]) => {
          const member = `${quoted(name, choose)}${space()}:${space()}${spelled(each, choose, depth)}`;
          return choose() % 8 === 0 ? [`${quoted(name, choose)}:0`, member, member] : [member];
        })
        .join(`${space()},`)}}`;
  return depth < 3 && choose() % 5 === 0 ? quoted(inner, choose) : inner;
}

const hidden = fc.constantFrom(SECRET, [SECRET], { deep: SECRET }, `{"x":"${SECRET}"}`);
const plain = fc.constantFrom<unknown>(
  null,
  1,
  "x",
  "",
  `of ${BADGE}.`,
  CARD,
  Number(CARD),
  4.111111111111111e15,
  `\\u0045MP-123456`,
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    plain,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("x", "a/s", "0", BADGE), tie("value"), { maxKeys: 3 }),
    hidden.map((secret) => ({ t: secret, "q\\w": secret })),
  ),
}));
const document = fc
  .tuple(value, hidden, value)
  .map(([a, s, b]) => ({ a: { s, x: a }, b: [{ c: { s } }, { c: { s, x: b } }], x: b }));

describe("what a path or a pattern means", () => {
  it("is not left in JSON, however it is spelled, repeated and nested", () => {
    fc.assert(
      fc.property(document, choices, (given, choose) => {
        const redacted = new Redactor(rules).json(spelled(given, choose, 1));
        expect(redacted).not.toBeNull();
        expect(() => JSON.parse(redacted ?? "") as unknown).not.toThrow();
        expect(leftIn(redacted ?? "")).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("is not left in a text that is JSON only in part, or only to some parsers", () => {
    const broken = fc.constantFrom<(json: string) => string>(
      (json) => json,
      (json) => `Found: ${json}`,
      (json) => `${json} and more`,
      (json) => `\`\`\`json\n${json}\n\`\`\``,
      (json) => `${json.slice(0, -1)},}`,
      (json) => json.slice(0, -1),
      (json) => `${json}\n${json}`,
      (json) => `callback(${json});`,
      (json) => `\u001e${json}\n`,
      (json) => JSON.stringify(json).slice(1, -1),
      (json) => `said \\"${JSON.stringify(JSON.stringify(json)).slice(1, -1)}\\"`,
    );
    fc.assert(
      fc.property(document, choices, broken, (given, choose, change) => {
        expect(leftIn(new Redactor(rules).text(change(spelled(given, choose, 3))))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["in escapes of JavaScript", `{a: {'\\x73': '${SECRET}'}}`, ["/a/s"]],
    ["in braces", `{a: {"\\u{73}": "${SECRET}"}}`, ["/a/s"]],
    ["under a name of backslashes", `{"\\\\": "${SECRET}",}`, ["/\\"]],
    ["under a name with a quote", `{"x\\"y": "${SECRET}",}`, ['/x"y']],
    ["behind a name that is escaped twice", `He said {\\"\\\\u0073\\": \\"${SECRET}\\"}`, ["/a/s"]],
  ])("is not left %s", (_how, text, redactPaths) => {
    const own = compileRedaction({ redactPaths, redactPatterns: [], redactUnreadable: "refuse" });
    if (!own.ok) throw new Error(own.error.detail);
    expect(leftIn(new Redactor(own.value).text(text))).toEqual([]);
  });

  it("is not left in a text within the value that a path leads through: whoever parses it goes on in it", () => {
    const inner = JSON.stringify({ s: SECRET, x: 1 });
    expect(new Redactor(rules).json(JSON.stringify({ a: inner }))).toBe(
      JSON.stringify({ a: JSON.stringify({ s: "[redacted]", x: 1 }) }),
    );
  });
});
