import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { masked } from "../../../src/gateway/credential/masked-answer.ts";
import { needle, SecretMask } from "../../../src/gateway/credential/secret-mask.ts";
import { fromUtf8, toBase64, utf8 } from "../../../src/kernel/bytes.ts";
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
        expect(text(new SecretMask(hidden.map((each) => needle(utf8(each)))), ...pieces)).toBe(
          expected.join(""),
        );
      }),
    );
  });

  it("holds back no more than what may be its beginning, so that a stream goes on", () => {
    const mask = new SecretMask([needle(utf8("secret"))]);
    expect(fromUtf8(mask.next(utf8("data: se\n\n")))).toBe("data: se\n\n");
    expect(fromUtf8(mask.next(utf8("a sec")))).toBe("a ");
    expect(fromUtf8(mask.next(utf8("tor")))).toBe("sector");
  });

  it("costs a fixed number of steps for each byte, however the text plays with it (P10)", () => {
    const secret = needle(utf8(`${"a".repeat(200)}b`));
    const [few = 0, many = 0] = [1_000, 16_000].map((length) => {
      const mask = new SecretMask([secret]);
      mask.next(utf8("a".repeat(length)));
      return mask.steps;
    });
    expect(few).toBeLessThanOrEqual(2 * 1_000);
    expect(many).toBeLessThanOrEqual(2 * 16_000);
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
