import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  credentialsIn,
  holdsCredential,
  redact,
  redactJson,
  redactStart,
} from "../../../src/kernel/redact.ts";

const KEY = `dome_at_${"A".repeat(49)}`;
const JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
const JWE = "eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVydGV4dA.dGFn";

test.each([
  [`key ${KEY}.`, "key [redacted]."],
  [`two ${KEY} ${KEY.replace("_at_", "_ot_")}`, "two [redacted] [redacted]"],
  [`Bearer ${JWT}`, "Bearer [redacted]"],
  [`"${JWT}"`, '"[redacted]"'],
  [`host.example.${JWT}, then`, "host.example.[redacted], then"],
  [`x${JWT} and ${JWT}`, "x[redacted] and [redacted]"],
  [`encrypted ${JWE}`, "encrypted [redacted]"],
  ["agt_01k9v3m8q2x7n5r4t6w0y1z2a3", "agt_01k9v3m8q2x7n5r4t6w0y1z2a3"],
  ["eyJ and eyJ.b are no tokens, 1.2.3 is none", "eyJ and eyJ.b are no tokens, 1.2.3 is none"],
])("masks credentials and nothing else: %s (P4)", (text, masked) => {
  expect(redact(text)).toBe(masked);
});

it("masks every credential wherever it stands (P4)", () => {
  const filler = fc.string({
    unit: fc.constantFrom("e", "y", "J", ".", "-", "_", " ", '"', "\\", "\n", "ü"),
  });
  fc.assert(
    fc.property(filler, fc.constantFrom(KEY, JWT, JWE), filler, (before, credential, after) => {
      expect(redact(before + credential + after)).not.toContain(credential.slice(0, 20));
    }),
  );
});

describe("the start of a text", () => {
  it("is masked where the cut has ended a token, which has no dots then (P4)", () => {
    expect(redactStart(`Bearer ${JWT} and more`, 20)).toBe("Bearer [redacted]");
    expect(redactStart(`Bearer ${JWT} and more`, 40)).toBe("Bearer [redacted]");
    expect(redactStart(`Bearer ${JWT} and more`, 300)).toBe("Bearer [redacted] and more");
    expect(redactStart("curl/8.5 and more", 8)).toBe("curl/8.5");
  });
});

describe("a value of JSON", () => {
  it("is masked by its strings, so that what follows an escape is not taken for a part of a token", () => {
    expect(redactJson({ a: "\u001eyJaa.bb.cc", b: `\n${JWT}`, c: [KEY, 1, null, true] })).toEqual({
      a: "\u001eyJaa.bb.cc",
      b: "\n[redacted]",
      c: ["[redacted]", 1, null, true],
    });
  });

  it("is masked in its names too, and loses no member by that (P8)", () => {
    const masked = redactJson({ [KEY]: 1, [JWT]: 2, "[redacted] #1": 3, __proto: 4 });
    expect(masked).toEqual({ "[redacted] #0": 1, "[redacted] #1": 2, "[redacted] #1 #2": 3, __proto: 4 });
  });

  it("keeps as many members as there were, and can be written as JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(JSON.stringify(redactJson(value)))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("whether a text holds a credential", () => {
  it.each([[KEY], [JWT], [`x${JWT}`], [`a.b.${JWT}.c`], [JSON.stringify({ note: `use ${KEY}` })]])(
    "finds it in %s (P4)",
    (text) => {
      expect(holdsCredential(text)).toBe(true);
    },
  );

  it.each([["dome_at_short"], ["eyJ.eyJ.x"], ["eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0"], ["1.2.3"]])(
    "finds none in %s",
    (text) => {
      expect(holdsCredential(text)).toBe(false);
    },
  );
});

describe("the time for a hostile text", () => {
  /** How often a character is read. */
  const readsOf = (unit: string, length: number): number => {
    const text = unit.repeat(length);
    let reads = 0;
    credentialsIn({
      length: text.length,
      charCodeAt: (index) => {
        reads += 1;
        return text.charCodeAt(index);
      },
    });
    return reads / text.length;
  };

  it.each([["eyJ"], ["eyJa."], ["eyJ."], ["dome_at_"], ["dome_at_A"], ["_t_"], ["eyJhbGciOi.eyJhbGciOi."]])(
    "is linear for many of %s: a character is read at most ten times, however many there are",
    (unit) => {
      expect(readsOf(unit, 1_000)).toBeLessThanOrEqual(10);
      expect(readsOf(unit, 16_000)).toBeLessThanOrEqual(10);
    },
  );
});
