import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { compileRedaction, type RedactionRules } from "../../../../src/registry/redaction/rules.ts";
import { Redactor } from "../../../../src/registry/redaction/redactor.ts";
import { Steps } from "../../../../src/registry/steps.ts";

const rules = (redactPaths: string[], redactPatterns: string[] = []): RedactionRules => {
  const compiled = compileRedaction({ redactPaths, redactPatterns, redactUnreadable: "refuse" });
  if (!compiled.ok) throw new Error(compiled.error.detail);
  return compiled.value;
};
const json = (text: string, paths: string[], patterns: string[] = []): string | null =>
  new Redactor(rules(paths, patterns)).json(text);
const inText = (text: string, paths: string[], patterns: string[] = []): string =>
  new Redactor(rules(paths, patterns)).text(text);

const CARD = "4111111111111111";

describe("a path", () => {
  test.each([
    ['{"a":{"b":1,"c":2}}', "/a/b", '{"a":{"b":"[redacted]","c":2}}'],
    ['{"a":[{"b":1},{"b":2},3]}', "/a/*/b", '{"a":[{"b":"[redacted]"},{"b":"[redacted]"},3]}'],
    ['{"b":{"b":1},"a":[[{"b":{}}]]}', "/**/b", '{"b":"[redacted]","a":[[{"b":"[redacted]"}]]}'],
    ['{"x":{"a":{"y":{"b":1}}}}', "/**/a/**/b", '{"x":{"a":{"y":{"b":"[redacted]"}}}}'],
    ["[1,[2,3]]", "/1", '[1,"[redacted]"]'],
    ["[[1,2],[3,4]]", "/*/0", '[["[redacted]",2],["[redacted]",4]]'],
    ['{"a/b":1,"c~d":2}', "/a~1b", '{"a/b":"[redacted]","c~d":2}'],
    ['{"a/b":1,"c~d":2}', "/c~0d", '{"a/b":1,"c~d":"[redacted]"}'],
    ['{"":1}', "/", '{"":"[redacted]"}'],
    ['{"a":null,"b":true}', "/*", '{"a":"[redacted]","b":"[redacted]"}'],
  ])("in %s, %s, leaves %s", (text, path, redacted) => {
    expect(json(text, [path])).toBe(redacted);
  });

  it("means the member, however its name is spelled", () => {
    expect(json('{"\\u0069b\\u0061n":"DE","ib\\/an":1}', ["/iban"])).toBe(
      '{"\\u0069b\\u0061n":"[redacted]","ib\\/an":1}',
    );
  });

  it("means each of several members of one name: some parsers take the first, others the last", () => {
    expect(json('{"iban":1,"iban":2,"\\u0069ban":3}', ["/iban"])).toBe(
      '{"iban":"[redacted]","iban":"[redacted]","\\u0069ban":"[redacted]"}',
    );
  });

  it("means the value as a whole, whatever stands in it", () => {
    expect(json('{ "a" : {"x":["}",{"y":"\\"]"}]} ,\n"b":1.50}', ["/a"])).toBe(
      '{ "a" : "[redacted]" ,\n"b":1.50}',
    );
  });

  it("leaves every other byte: numbers, white space, escapes and repeated members", () => {
    const text = '{ "n":12345678901234567890.10,"e":1E400, "s":"\\u00e9\\/\\ud800","s":-0 ,"iban":1\t}';
    expect(json(text, ["/iban"])).toBe(text.replace('"iban":1', '"iban":"[redacted]"'));
    expect(json(text, ["/other"])).toBe(text);
  });

  it("reaches into a text that is JSON, also one that was made JSON twice", () => {
    const inner = JSON.stringify({ customer: { iban: "DE", name: "Ada" } });
    const redacted = '{"customer":{"iban":"[redacted]","name":"Ada"}}';
    expect(inText(inner, ["/customer/iban"])).toBe(redacted);
    expect(inText(`\ufeff ${inner}`, ["/customer/iban"])).toBe(redacted);
    expect(json(JSON.stringify({ result: inner }), ["/customer/iban"])).toBe(
      JSON.stringify({ result: redacted }),
    );
    expect(inText(JSON.stringify(inner), ["/customer/iban"])).toBe(JSON.stringify(redacted));
  });

  test.each([
    ["cut off", '{"customer":{"iban":"DE'],
    ["with words around it", 'Here it is: {"customer": {"iban": "DE"}}'],
    ["in a fence", '```json\n{"customer": {"iban": "DE"}}\n```'],
    ["one after the other", '{"customer":{"iban":"A"}}\n{"customer":{"iban":"B"}}'],
    ["as Python writes it", "{'customer': {'iban': 'DE'}}"],
    ["as JavaScript takes it", "{customer: {iban: 'DE'}}"],
    ["with an escaped name", '{"customer":{"\\u0069ban":"DE",}}'],
    ["escaped in words", 'He said {\\"customer\\": {\\"iban\\": 1}}'],
  ])("in JSON that is %s masks the whole text, because no place in it is sure", (_how, text) => {
    expect(inText(text, ["/customer/iban"])).toBe("[redacted]");
  });

  test.each(["Your iban is missing.", "[INFO] done", "{user} has logged in", '"Hello", she said', "", "  "])(
    "leaves the text %j, which does not quote the name",
    (text) => {
      expect(inText(text, ["/customer/iban"])).toBe(text);
    },
  );

  it("reads a text of white space once, so that nobody buys its time squared", () => {
    const long = " ".repeat(4_000_000);
    expect(inText(`${long}x`, ["/iban"])).toHaveLength(long.length + 1);
    expect(inText(`json${long}x`, ["/iban"])).toHaveLength(long.length + 5);
    expect(inText(`"'${long}json${long}[x`, ["/0"])).toBe("[redacted]");
  });

  it("without a name masks a text that begins as JSON does and is none", () => {
    expect(inText("[1, 2,", ["/0"])).toBe("[redacted]");
    expect(inText("1, 2,", ["/0"])).toBe("1, 2,");
  });

  it("of JSON within JSON ends after a few texts: the one below is masked whole", () => {
    let text = '{"iban":"DE"}';
    for (let depth = 0; depth < 6; depth += 1) text = JSON.stringify({ text });
    const redacted = inText(text, ["/iban"]);
    expect(redacted).not.toContain("DE");
    expect(redacted).toContain("[redacted]");
  });
});

describe("a pattern", () => {
  it("is found in texts, names, and numbers, as they are meant and as they are written", () => {
    const text = `{"a":"x ${CARD} y","${CARD}":[${CARD},"4111\\u0031 1111111111 1"],"e":4.111111111111111e15}`;
    expect(json(text, [], ["card_number"])).toBe(
      '{"a":"x [redacted] y","[redacted] #2":["[redacted]","[redacted]"],"e":"[redacted]"}',
    );
  });

  it("is found in JSON within a text, whose escapes are others", () => {
    expect(inText(`{"a":"\\u0034${CARD.slice(1)}"}`, [], ["card_number"])).toBe('{"a":"[redacted]"}');
  });

  it("names members apart that would have one name", () => {
    expect(json('{"a@x.io":1,"b@x.io":2}', [], ["email"])).toBe('{"[redacted] #1":1,"[redacted] #2":2}');
  });

  it("counts what was redacted, by values", () => {
    const redactor = new Redactor(rules(["/a"], ["email"]));
    redactor.json('{"a":["x@y.org"],"b":"x@y.org and z@y.org","c":1}');
    expect(redactor.count).toBe(2);
  });
});

describe("what is redacted", () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 1, -0.5, 1e300, CARD, "DE", "", 'é\n"\\', '{"a":{"b":"DE"}}'),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom("a", "b", "c", "0", "a/b", "__proto__"), tie("value"), { maxKeys: 4 }),
    ),
  })).value;
  const path = fc
    .array(fc.constantFrom("a", "b", "0", "*", "**", "a~1b"), { minLength: 1, maxLength: 4 })
    .map((steps) => `/${steps.join("/")}`)
    .filter((text) => !text.endsWith("**"));

  /** By recursion over the value: slower, and easier to believe. */
  function plainly(given: unknown, steps: readonly (readonly string[])[]): unknown {
    const open = steps.flatMap((each) => withoutNothing(each));
    const within = (name: string, inner: unknown): unknown => {
      const next = open.flatMap((each) =>
        each[0] === "**" ? [each] : each[0] === "*" || each[0] === name ? [each.slice(1)] : [],
      );
      return next.some((each) => each.length === 0) ? "[redacted]" : plainly(inner, next);
    };
    if (Array.isArray(given)) return given.map((each, at) => within(String(at), each));
    if (typeof given !== "object" || given === null) return given;
    return Object.fromEntries(Object.entries(given).map(([name, each]) => [name, within(name, each)]));
  }
  const withoutNothing = (steps: readonly string[]): (readonly string[])[] =>
    steps[0] === "**" ? [steps, ...withoutNothing(steps.slice(1))] : [steps];

  it("is what a plain walk over the value redacts", () => {
    fc.assert(
      fc.property(value, fc.array(path, { minLength: 1, maxLength: 3 }), (given, paths) => {
        const text = JSON.stringify(given, (_key, each: unknown) =>
          each === '{"a":{"b":"DE"}}' ? "t" : each,
        );
        const expected = plainly(
          JSON.parse(text),
          paths.map((each) =>
            each
              .slice(1)
              .split("/")
              .map((step) => step.replaceAll("~1", "/")),
          ),
        );
        expect(JSON.parse(json(text, paths) ?? "")).toEqual(expected);
      }),
    );
  });

  it("is valid JSON again, and redacting it again changes nothing", () => {
    fc.assert(
      fc.property(value, path, (given, one) => {
        const once = json(JSON.stringify(given, null, 1), [one], ["card_number"]);
        expect(JSON.parse(once ?? "")).toBeDefined();
        expect(json(once ?? "", [one], ["card_number"])).toBe(once);
      }),
    );
  });
});

describe("the places of a message", () => {
  const places = { kept: new Set(["/id", "/params/token"]), roots: new Set(["/result/data"]) };
  const inPlaces = (text: string): string | null =>
    new Redactor(rules(["/a"], ["card_number"])).json(text, () => places);

  it("are pointers: a name with a slash is another place, and is not kept", () => {
    expect(inPlaces(`{"params":{"token":"${CARD}"},"params/token":"${CARD}","id":"${CARD}"}`)).toBe(
      `{"params":{"token":"${CARD}"},"params/token":"[redacted]","id":"${CARD}"}`,
    );
    expect(inPlaces('{"result/data":{"a":1},"result":{"data":{"a":2}}}')).toBe(
      '{"result/data":{"a":1},"result":{"data":{"a":"[redacted]"}}}',
    );
  });
});

describe("the cost", () => {
  const spent = (text: string, of: RedactionRules): number => {
    const steps = new Steps(Number.MAX_SAFE_INTEGER);
    new Redactor(of, steps).json(text);
    return steps.spent;
  };
  const all = rules(
    ["/**/a/**/b", "/a/*/c", "/**/*/a"],
    ["card_number", "iban", "email", "credential", "/(?:a+)+b/", "/a.*b.*c/"],
  );
  test.each([
    ["one text of the beginnings of matches", (n: number) => JSON.stringify("a".repeat(n))],
    ["many members on a path", (n: number) => `{"a":[${'{"a":1},'.repeat(n / 8)}{}]}`],
    ["many short texts", (n: number) => `[${'"ab@",'.repeat(n / 6)}1]`],
    ["digits in groups", (n: number) => JSON.stringify("4 ".repeat(n / 2))],
    ["quotes that are no JSON", (n: number) => JSON.stringify('{"a" "a" '.repeat(n / 8))],
    [
      "texts in texts",
      (n: number) => JSON.stringify(JSON.stringify(JSON.stringify('{"a":"aaaa"}'.repeat(n / 12)))),
    ],
  ])("of %s grows with its length", (_what, text) => {
    const [one, sixteen] = [text(2_000), text(32_000)];
    expect(spent(one, all)).toBeGreaterThan(0);
    expect(spent(sixteen, all)).toBeLessThanOrEqual(1.2 * (sixteen.length / one.length) * spent(one, all));
  });

  it("is bounded: when the steps are used up, that is known, and nothing of the text is left", () => {
    const redactor = new Redactor(rules([], ["/(?:a|b|ab)*c/"]), new Steps(1000));
    expect(redactor.json(JSON.stringify("ab".repeat(5000)))).toBe('"[redacted]"');
    expect(redactor.isSpent).toBe(true);
  });

  it("is bounded also by the last finder: what it did not look at is not passed on", () => {
    for (const pattern of ["email", "iban", "card_number", "/(?:a|b|ab)*c/"]) {
      const text = "4 ".repeat(600) + "a@b DE12 ".repeat(600) + CARD;
      const cost = new Steps(Number.MAX_SAFE_INTEGER);
      new Redactor(rules([], [pattern]), cost).words(text);
      const redactor = new Redactor(rules([], [pattern]), new Steps(cost.spent - 1));
      expect(redactor.words(text)).toBe("[redacted]");
      expect(redactor.isSpent).toBe(true);
    }
  });

  it.each([
    ["email", "a@", " "],
    ["card_number", "4 ", "x "],
    ["iban", "DE12", "DE-x"],
  ])("of %s is what it does: places where one may begin cost more than others", (pattern, costly, cheap) => {
    const [most = 0, least = 0] = [costly, cheap].map((each) => {
      const steps = new Steps(Number.MAX_SAFE_INTEGER);
      new Redactor(rules([], [pattern]), steps).words(each.repeat(1_000));
      return steps.spent / each.length;
    });
    expect(most).toBeGreaterThan(5 * least);
  });

  it("does not depend on how deep JSON is nested: it is refused", () => {
    expect(json("[".repeat(65) + "]".repeat(65), ["/a"])).toBeNull();
    expect(json("[".repeat(64) + "]".repeat(64), ["/a"])).not.toBeNull();
    expect(inText("[".repeat(65) + "]".repeat(65), ["/a"])).toBe("[redacted]");
  });
});
