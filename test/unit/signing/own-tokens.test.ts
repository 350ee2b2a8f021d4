import { describe, expect, it } from "vitest";
import { toBase64Url, utf8 } from "../../../src/kernel/bytes.ts";
import { holdsTokenOf } from "../../../src/signing/own-tokens.ts";

const HERE = "https://dome.example";
const segment = (value: object): string => toBase64Url(utf8(JSON.stringify(value)));
const jws = (claims: object, header: object = { alg: "ES256", typ: "at+jwt" }): string =>
  `${segment(header)}.${segment(claims)}.c2ln`;

const OWN = jws({ iss: HERE, sub: "agt_1" });
const OTHER = jws({ iss: "https://login.example", sub: "usr_1" });

describe("a text with a token", () => {
  it.each([
    ["of this issuer", OWN, true],
    ["of this issuer among other words", `{"a":"Bearer ${OWN}","b":1}`, true],
    ["of this issuer behind an escape", `\\n${OWN}`, true],
    ["of this issuer within a longer run", `a.b.${OWN}.c.d`, true],
    ["of this issuer, with another header and signature", `x.${segment({ iss: HERE, sub: "a" })}.`, true],
    ["of another issuer", OTHER, false],
    [
      "of a Dome elsewhere for a server",
      jws({ iss: "https://x.example" }, { typ: "dome-context+jwt" }),
      true,
    ],
    ["of a Dome elsewhere, its type written out", jws({}, { typ: "application/Dome-Context+JWT" }), true],
    ["in no form", "eyJhbGciOiJub25lIn0 eyJpc3MiOiJodHRwczovL2RvbWUuZXhhbXBsZSJ9", false],
  ])("%s: Dome's is found, and nobody else's (P10)", (_what, text, found) => {
    expect(holdsTokenOf(text, HERE, [])).toBe(found);
  });

  it("that came with the call is found, whoever has signed it (P10)", () => {
    expect(holdsTokenOf(`see ${OTHER}`, HERE, [OTHER])).toBe(true);
    expect(holdsTokenOf(`see ${OTHER}`, HERE, ["dome_at_x", "", OWN])).toBe(false);
  });

  it("is read in steps that grow with its length alone, whatever it holds (P10)", () => {
    for (const unit of ["a", "eyJ", ".", "eyJ.", `${segment({ iss: "x".repeat(20) })}.`]) {
      const decoded = [1, 16].map((times) => {
        const text = unit.repeat(Math.ceil((4_000 * times) / unit.length));
        const spy = { characters: 0 };
        const original = globalThis.atob;
        globalThis.atob = (each) => {
          spy.characters += each.length;
          return original(each);
        };
        try {
          expect(holdsTokenOf(text, HERE, [OTHER])).toBe(false);
        } finally {
          globalThis.atob = original;
        }
        return spy.characters;
      });
      const [few = 0, many = 0] = decoded;
      expect(many).toBeLessThanOrEqual(Math.max(few * 17, 17 * 4_000));
    }
  });
});
