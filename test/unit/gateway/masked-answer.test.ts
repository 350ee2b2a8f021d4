import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { masked } from "../../../src/gateway/credential/masked-answer.ts";
import { needlesFor, SecretMask } from "../../../src/gateway/credential/secret-mask.ts";
import { unescaped } from "../../../src/gateway/credential/unescaped.ts";
import { concatAll, fromUtf8, toBase64, utf8 } from "../../../src/kernel/bytes.ts";
import { ok } from "../../../src/kernel/result.ts";

const text = (mask: SecretMask, ...pieces: readonly string[]): string =>
  [...pieces.map((each) => mask.next(utf8(each))), mask.rest()].map(fromUtf8).join("");

describe("a secret in a text that comes in pieces", () => {
  it("is masked however it is cut, and nothing else is (P10)", () => {
    const words = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 12 });
    const secrets = fc.array(
      words.filter((each) => each !== ""),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(secrets, fc.array(words, { maxLength: 8 }), (hidden, pieces) => {
        const whole = pieces.join("");
        const expected = whole.split("");
        for (const secret of hidden)
          for (let at = whole.indexOf(secret); at !== -1; at = whole.indexOf(secret, at + 1))
            expected.fill("*", at, at + secret.length);
        expect(text(new SecretMask(hidden.flatMap((each) => needlesFor(utf8(each), 99))), ...pieces)).toBe(
          expected.join(""),
        );
      }),
    );
  });

  it("holds back no more than what may be its beginning, so that a stream goes on", () => {
    const mask = new SecretMask(needlesFor(utf8("secret"), 8));
    expect(fromUtf8(mask.next(utf8("data: se\n\n")))).toBe("data: se\n\n");
    expect(fromUtf8(mask.next(utf8("a sec")))).toBe("a ");
    expect(fromUtf8(mask.next(utf8("tor")))).toBe("sector");
  });

  it("costs a fixed number of steps for each byte, however the text plays with it (P10)", () => {
    const secret = needlesFor(utf8(`${"a".repeat(200)}b`), 8);
    const [few = 0, many = 0] = [1_000, 16_000].map((length) => {
      const mask = new SecretMask(secret);
      mask.next(utf8("a".repeat(length)));
      return mask.steps;
    });
    // Twice: as it is, and behind escapes.
    expect(few).toBeLessThanOrEqual(2 * 2 * 1_000);
    expect(many).toBeLessThanOrEqual(2 * 2 * 16_000);
  });

  it.each(["\\", "%25", "%", "\\u", "%5c", "\\u004", "a\\\\"])(
    "costs a fixed number of steps also for escapes without an end: %j, in pieces of one byte",
    (escape) => {
      const mask = new SecretMask(needlesFor(utf8("aaaa-secret"), 8));
      const text = utf8(`aaaa${escape.repeat(4_000)}`);
      let held = 0;
      for (const [at] of text.entries()) {
        held += 1 - mask.next(text.subarray(at, at + 1)).length;
        expect(held).toBeLessThan(100);
      }
      expect(mask.steps).toBeLessThanOrEqual(4 * text.length);
    },
  );

  /** Writes each character as some writer may: as it is, or in an escape of JSON or of a URI, also escaped again. */
  const spelled = fc
    .tuple(
      fc.string({
        unit: fc.constantFrom(...Array.from("abyz+/=&<\"'\\%u0021 -_.{}")),
        minLength: 8,
        maxLength: 14,
      }),
      fc.array(fc.nat(5), { minLength: 14, maxLength: 14 }),
      fc.nat(2),
      fc.boolean(),
    )
    .map(([secret, choices, nested, isUri]) => {
      const written = Array.from(secret, (character, at) => {
        const code = character.charCodeAt(0);
        const [hex, choice] = [code.toString(16).padStart(2, "0"), choices[at] ?? 0];
        if (isUri) {
          const isNeeded = !/^[\w.-]$/.test(character);
          return isNeeded || (choice === 0 && !secret.includes("%"))
            ? `%${choice % 2 === 0 ? hex.toUpperCase() : hex}`
            : character;
        }
        // A secret that looks like an escape of a URI is one there, unless its own characters are escaped without need.
        if (secret.includes("%")) return JSON.stringify(character).slice(1, -1);
        if (choice === 0) return `\\u00${hex}`;
        if (choice === 1) return `\\u00${hex.toUpperCase()}`;
        if (character === '"' || character === "\\" || (character === "/" && choice === 2))
          return `\\${character}`;
        return character;
      }).join("");
      let text = written;
      for (let depth = 0; depth < nested; depth += 1)
        text = isUri ? encodeURIComponent(text) : JSON.stringify(text).slice(1, -1);
      return { secret, text };
    });

  it("is masked in any escapes of JSON or of a URI, nested or not, however it is cut (P10)", () => {
    const around = fc.constantFrom("", '{"a":"', "x=", "\n", "é", "100%", '\\\\"');
    fc.assert(
      fc.property(
        spelled,
        around,
        around,
        fc.array(fc.nat(40), { maxLength: 6 }),
        (each, before, behind, cuts) => {
          // So many backslashes, escaped again and again, are no escape to anybody.
          fc.pre(!each.secret.includes("\\\\\\"));
          fc.pre(utf8(each.secret).length >= 8 && unescaped(utf8(each.secret)).length >= 8);
          const whole = utf8(`${before} ${each.text} ${behind}`);
          const mask = new SecretMask(needlesFor(utf8(each.secret), 8));
          const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length].map((at) =>
            Math.min(at, whole.length),
          );
          const pieces = places.slice(1).map((end, at) => mask.next(whole.subarray(places[at], end)));
          const shown = fromUtf8(concatAll([...pieces, mask.rest()]));
          expect(utf8(shown)).toHaveLength(whole.length);
          expect(shown).not.toContain(each.text);
          expect(shown.startsWith(before) && shown.endsWith(behind)).toBe(true);
          // A backslash at its end may be part of what follows.
          expect(shown.slice(before.length, shown.length - behind.length)).toMatch(
            /^ ?\*+(?:\\*u005c|\\+|%(?:25)*5c)* ?$/i,
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("the answer of a server that shows what it was sent", () => {
  const SECRET = 'upstream/"s3cret"';
  const answered = async (
    sent: Record<string, string>,
    body: string,
    headers: Record<string, string> = {},
  ) => {
    const opened = await masked(
      ok({ status: 200, headers: new Headers(headers), body: new Response(body).body }),
      new Headers(sent),
    );
    if (!opened.ok) throw new Error("an answer was lost");
    return { headers: opened.value.headers, body: await new Response(opened.value.body).text() };
  };

  it.each([
    ["a token", { authorization: `Bearer ${SECRET}` }, `{"authorization":"Bearer ${SECRET}"}`],
    ["a token in JSON", { authorization: `Bearer ${SECRET}` }, JSON.stringify({ a: SECRET })],
    [
      "a token in JSON with escaped slashes",
      { authorization: `Bearer ${SECRET}` },
      String.raw`"upstream\/\"s3cret\""`,
    ],
    ["a token in a URI", { authorization: `Bearer ${SECRET}` }, `?q=${encodeURIComponent(SECRET)}`],
    ["a pair", { authorization: `Basic ${toBase64(utf8(`u:${SECRET}`))}` }, toBase64(utf8(`u:${SECRET}`))],
    ["the password of a pair", { authorization: `Basic ${toBase64(utf8(`u:${SECRET}`))}` }, `u:${SECRET}`],
    ["a header", { "x-key": SECRET }, SECRET],
    ["the context of the call", { "dome-context": "eyJh.eyJp.c2ln" }, "Dome-Context: eyJh.eyJp.c2ln"],
  ])("has %s masked, and its length kept (P10)", async (_what, sent, body) => {
    const shown = await answered(sent, `${body} after`, { "x-seen": body });
    expect(shown.body).toHaveLength(body.length + 6);
    expect([shown.body, shown.headers.get("x-seen")].join()).not.toMatch(/s3cret|eyJp|czNjcmV0/);
    expect(shown.body).toContain("***");
    expect(shown.body.endsWith(" after")).toBe(true);
  });

  it("is the same answer where nothing was sent, or nothing is repeated", async () => {
    expect((await answered({}, SECRET)).body).toBe(SECRET);
    expect((await answered({ authorization: `Bearer ${SECRET}` }, "Grüße")).body).toBe("Grüße");
  });
});
