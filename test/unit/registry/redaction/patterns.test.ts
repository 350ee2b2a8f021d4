import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { finderOf } from "../../../../src/registry/redaction/patterns.ts";
import { masked } from "../../../../src/kernel/spans.ts";
import { Pattern } from "../../../../src/registry/pattern.ts";
import { Steps } from "../../../../src/registry/steps.ts";

function redacted(pattern: string, text: string): string {
  const finder = finderOf(pattern);
  if (!finder.ok) throw new Error(finder.error);
  return masked(text, finder.value(text, new Steps()));
}

const X = "[redacted]";

test.each([
  ["4111111111111111", X],
  ["4111 1111 1111 1111", X],
  ["4111-1111-1111-1111", X],
  ["4111\u00a01111\u20111111\u20131111", X],
  ["378282246310005", X],
  ["3782 822463 10005", X],
  ["no.4111111111111111,", `no.${X},`],
  ["card4111111111111111x", `card${X}x`],
  ["4111 1111 1111 1111 12/27", `${X} 12/27`],
  ["123 4111111111111111", `123 ${X}`],
  ["4111111111111112", "4111111111111112"],
  ["1234567812345670", "1234567812345670"],
  ["41111111111111114111111111111111", "41111111111111114111111111111111"],
  ["4111  1111  1111  1111", "4111  1111  1111  1111"],
  ["1761400000000000", "1761400000000000"],
])("the card numbers in %j leave %j", (text, left) => {
  expect(redacted("card_number", text)).toBe(left);
});

test.each([
  ["DE89370400440532013000", X],
  ["DE89 3704 0044 0532 0130 00 was paid", `${X} was paid`],
  ["gb29nwbk60161331926819", X],
  ["IBAN:FR1420041010050500013M02606.", `IBAN:${X}.`],
  ["IBANDE89370400440532013000", `IBAN${X}`],
  ["DE89370400440532013001", "DE89370400440532013001"],
  ["ZZ89370400440532013000", "ZZ89370400440532013000"],
  ["DE89 3704", "DE89 3704"],
])("the account numbers in %j leave %j", (text, left) => {
  expect(redacted("iban", text)).toBe(left);
});

test.each([
  ["ada@example.com", X],
  ["Ada <ada.l+x@mail.example.co.uk>, and", `Ada <${X}>, and`],
  ["mailto:ada%40example.com?x", `mailto:${X}?x`],
  ["https://h/p?user=ada@example.com&a=1", `https://h/p?user=${X}&a=1`],
  ["jörg@bücher.example", X],
  ["ada@example.xn--p1ai.", `${X}.`],
  ["a@b.org@c.org", X],
  ["bob@example.com.2", X],
  ["bob@example.com.x, bob@example.com.x.", `${X}, ${X}.`],
  ["bob@example.com.2.3-", `${X}-`],
  ["bob@example.com文字列です。", `${X}。`],
  [`bob@example.com.${"x".repeat(200)}`, X],
  [`bob@example.com${".".repeat(300)}`, `${X}${".".repeat(300)}`],
  ["npm i a@1.2.3 b@2.0.x c@1", "npm i a@1.2.3 b@2.0.x c@1"],
  ["@example.com a@ a@b a@b.1", "@example.com a@ a@b a@b.1"],
])("the addresses in %j leave %j", (text, left) => {
  expect(redacted("email", text)).toBe(left);
});

it("finds keys of Dome and signed tokens by name", () => {
  const key = `dome_at_${"a1".repeat(25)}`;
  expect(redacted("credential", `key ${key}, eyJhbGciOiJIUzI1.eyJzdWIiOiIxIn0.c2ln end`)).toBe(
    `key ${X}, ${X} end`,
  );
});

describe("an expression between slashes", () => {
  test.each([
    ["/EMP-\\d{6}/", "EMP-123456, EMP-12", `${X}, EMP-12`],
    ["/\\d{4}/", "123456", X],
    ["/a+/", "baab a", `b${X}b ${X}`],
    ["/\\bid\\b/", "id idle id", `${X} idle ${X}`],
    ["/^x/", "xx", `${X}x`],
    ["/x$/", "xx", `x${X}`],
    ["/ab|b(c|$)/", "ab b bc", `${X} b ${X}`],
    ["/x\\b|y/", "xa y", "xa [redacted]"],
    ["/😀./", "a😀é", `a${X}`],
  ])("%s, in %j, leaves %j", (pattern, text, left) => {
    expect(redacted(pattern, text)).toBe(left);
  });

  test.each([
    ["/a*/", "matches the empty text, and so everywhere"],
    ["/^$/", "matches the empty text, and so everywhere"],
    ["/\\b/", "matches the empty text, and so everywhere"],
    ["/(a/", "is not a regular expression (with the flag u)"],
    ["/(?=a)b/", "has a look-ahead, a look-behind or a reference to a group, which are not supported"],
    ["phone", "is neither an expression between slashes nor one of card_number, credential, email, iban"],
    ["//", "is neither an expression between slashes nor one of card_number, credential, email, iban"],
  ])("%s %s", (pattern, fault) => {
    expect(finderOf(pattern)).toEqual({ ok: false, error: fault });
  });

  it("covers every match, and nothing else: each place is tried with each length", () => {
    const source = fc.constantFrom(
      "a+b",
      "(?:ab|ba)+",
      "a.b",
      "\\bab",
      "a{2,3}",
      "b$|^a",
      "[ab]c?b",
      "a(?:b|$)",
      "ab?\\b",
    );
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c", " "), maxLength: 10 });
    fc.assert(
      fc.property(source, text, (each, given) => {
        const pattern = Pattern.compile(each);
        if (!pattern.ok) throw new Error(each);
        const covered = new Set<number>();
        for (const { start, end } of pattern.value.spans(given, new Steps()))
          for (let at = start; at < end; at += 1) covered.add(at);
        const expected = new Set<number>();
        for (let from = 0; from < given.length; from += 1)
          for (let to = from + 1; to <= given.length; to += 1) {
            // Behind the match may stand what does; assertions see it.
            const exact = new RegExp(`^[^]{${from}}(?<m>${asIn(each)})(?=[^]{${given.length - to}}$)`, "u");
            const found = exact.exec(given)?.groups?.["m"];
            if (found?.length === to - from) for (let at = from; at < to; at += 1) expected.add(at);
          }
        expect(covered).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

/** The same expression within another one: `^` is the beginning of the text there, too. */
const asIn = (source: string): string => source.replaceAll("^", "(?<![^])");
