import { createHmac, generateKeyPairSync } from "node:crypto";
import * as fc from "fast-check";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { fromBase64Url, toBase64Url } from "../../../src/kernel/bytes.ts";
import { signHaltReceipt } from "../../../src/tokens/halt-receipt.ts";
import type { VerifyOptions } from "../../../src/tokens/verify.ts";
import {
  BASE64URL,
  encode,
  IAT,
  ISSUER,
  makeIssuer,
  mint,
  NOW,
  rawIssuer,
  SELF,
  signRaw,
  verdict,
} from "./fixture.ts";
import { EVIDENCE } from "./halt-receipt.fixture.ts";

const issuer = await makeIssuer();
const at: VerifyOptions = { issuer: ISSUER, audiences: [ISSUER], keySet: issuer.keySet, now: NOW };
const raw = rawIssuer();
const atRaw: VerifyOptions = { ...at, keySet: raw.keySet };

describe("a hostile token is refused (RFC 8725)", () => {
  const { header, jwk, sign } = raw;
  const hs256 = (secret: string | Uint8Array): string => {
    const input = `${encode({ ...header, alg: "HS256" })}.${encode(SELF)}`;
    return `${input}.${toBase64Url(createHmac("sha256", secret).update(input).digest())}`;
  };
  const unsigned = (signature: string, change: object = {}): string =>
    `${encode({ ...header, ...change })}.${encode(SELF)}.${signature}`;
  const es384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const stranger = rawIssuer(header.kid);

  const matrix: readonly (readonly [string, string, () => string])[] = [
    ["alg none, no signature", "wrong_alg", () => unsigned("", { alg: "none" })],
    ["alg NonE, no signature", "wrong_alg", () => unsigned("", { alg: "NonE" })],
    ["alg none, with a signature", "wrong_alg", () => sign({ ...header, alg: "none" }, SELF)],
    ["no alg", "wrong_alg", () => sign({ typ: "at+jwt", kid: header.kid }, SELF)],
    ["alg as an array", "wrong_alg", () => sign({ ...header, alg: ["ES256"] }, SELF)],
    ["alg es256", "wrong_alg", () => sign({ ...header, alg: "es256" }, SELF)],
    [
      "HS256 with the public key as PEM",
      "wrong_alg",
      () => hs256(raw.pair.publicKey.export({ format: "pem", type: "spki" })),
    ],
    [
      "HS256 with the public key as DER",
      "wrong_alg",
      () => hs256(raw.pair.publicKey.export({ format: "der", type: "spki" })),
    ],
    ["HS256 with the public JWK", "wrong_alg", () => hs256(JSON.stringify(jwk))],
    [
      "HS256 with the public point",
      "wrong_alg",
      () => hs256(fromBase64Url(`${jwk["x"]}${jwk["y"]}`.slice(0, 84))),
    ],
    [
      "ES384",
      "wrong_alg",
      () => signRaw(es384.privateKey, encode({ ...header, alg: "ES384" }), encode(SELF), "sha384"),
    ],
    ["ES384 that says ES256", "bad_signature", () => signRaw(es384.privateKey, encode(header), encode(SELF))],
    ["signature (0, 0)", "bad_signature", () => unsigned(toBase64Url(new Uint8Array(64)))],
    ["signature (0, 1)", "bad_signature", () => unsigned(toBase64Url(new Uint8Array(64).fill(1, 63)))],
    ["signature (1, 0)", "bad_signature", () => unsigned(toBase64Url(new Uint8Array(64).fill(1, 31, 32)))],
    ["no signature", "bad_signature", () => unsigned("")],
    ["half a signature", "bad_signature", () => unsigned(toBase64Url(new Uint8Array(32).fill(7)))],
    ["a signature in DER", "bad_signature", () => unsigned(toBase64Url(new Uint8Array(70).fill(0x30)))],
    ["another issuer's key under our kid", "bad_signature", () => stranger.sign(header, SELF)],
    ["an unknown kid", "unknown_kid", () => sign({ ...header, kid: "other" }, SELF)],
    ["no kid", "unknown_kid", () => sign({ typ: "at+jwt", alg: "ES256" }, SELF)],
    ["a kid that is a path", "unknown_kid", () => sign({ ...header, kid: "../../etc/passwd" }, SELF)],
    ["a kid that is SQL", "unknown_kid", () => sign({ ...header, kid: "x' OR '1'='1" }, SELF)],
    ["a kid of 10 kB", "unknown_kid", () => sign({ ...header, kid: "k".repeat(10_000) }, SELF)],
    [
      "a kid that names a member of every object",
      "unknown_kid",
      () => sign({ ...header, kid: "__proto__" }, SELF),
    ],
    ["a kid that is a number", "unknown_kid", () => sign({ ...header, kid: 1 }, SELF)],
    ["an embedded jwk", "embedded_key", () => stranger.sign({ ...header, jwk: stranger.jwk }, SELF)],
    ["our own jwk, embedded", "embedded_key", () => sign({ ...header, jwk }, SELF)],
    ["jku", "embedded_key", () => sign({ ...header, jku: "https://evil.example/jwks.json" }, SELF)],
    ["x5u", "embedded_key", () => sign({ ...header, x5u: "https://evil.example/cert.pem" }, SELF)],
    ["x5c", "embedded_key", () => sign({ ...header, x5c: ["MIIB"] }, SELF)],
    ["x5t#S256", "embedded_key", () => sign({ ...header, "x5t#S256": "AAAA" }, SELF)],
    [
      "crit with an unknown extension",
      "critical_header",
      () => sign({ ...header, crit: ["exp"], exp: IAT + 9 }, SELF),
    ],
    ["crit that is empty", "critical_header", () => sign({ ...header, crit: [] }, SELF)],
    ["b64 false", "critical_header", () => sign({ ...header, b64: false, crit: ["b64"] }, SELF)],
    ["b64 false without crit", "critical_header", () => sign({ ...header, b64: false }, SELF)],
    ["an ID token (typ JWT)", "wrong_typ", () => sign({ ...header, typ: "JWT" }, SELF)],
    ["a token without typ", "wrong_typ", () => sign({ alg: "ES256", kid: header.kid }, SELF)],
    ["an actor receipt", "wrong_typ", () => sign({ ...header, typ: "actor-receipt+jwt" }, SELF)],
    ["a logout token", "wrong_typ", () => sign({ ...header, typ: "logout+jwt" }, SELF)],
    ["a typ that only ends right", "wrong_typ", () => sign({ ...header, typ: "x/at+jwt" }, SELF)],
    [
      "a header that repeats a member",
      "malformed",
      () => sign('{"typ":"at+jwt","alg":"none","alg":"ES256","kid":"raw-key"}', SELF),
    ],
    [
      "a repeated member in disguise",
      "malformed",
      () => sign('{"typ":"at+jwt","\\u0061lg":"none","alg":"ES256","kid":"raw-key"}', SELF),
    ],
    [
      "a payload that repeats a member",
      "malformed",
      () => sign(header, `{"sub":"${SELF.sub}",${JSON.stringify(SELF).slice(1)}`),
    ],
    [
      "a repeated member deep in the payload",
      "malformed",
      () => sign(header, JSON.stringify(SELF).replace('"epoch":1', '"epoch":9,"epoch":1')),
    ],
    ["a header that is not JSON", "malformed", () => sign("{", SELF)],
    ["a header that is an array", "malformed", () => sign([header], SELF)],
    ["a header that is null", "malformed", () => sign(null, SELF)],
    [
      "a header nested too deep to recurse into",
      "malformed",
      () => sign(`{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`, SELF),
    ],
    [
      "a header that is not UTF-8",
      "malformed",
      () => `${toBase64Url(new Uint8Array([0x7b, 0xff, 0x7d]))}.${encode(SELF)}.AAAA`,
    ],
    ["a payload that is not JSON", "malformed", () => sign(header, "alice")],
    ["a payload that is a list", "malformed", () => sign(header, [SELF])],
    ["empty text", "not_compact", () => ""],
    ["two parts", "not_compact", () => `${encode(header)}.${encode(SELF)}`],
    ["four parts", "not_compact", () => `${sign(header, SELF)}.AAAA`],
    [
      "an encrypted token",
      "not_compact",
      () => `${encode({ alg: "dir", enc: "A256GCM", zip: "DEF" })}..AAAA.AAAA.AAAA`,
    ],
    [
      "JSON serialization",
      "not_compact",
      () => {
        const [protectedHeader, payload, signature] = sign(header, SELF).split(".");
        return JSON.stringify({ protected: protectedHeader, payload, signature });
      },
    ],
    ["base64 with padding", "not_compact", () => sign(header, SELF).replace(".", "=.")],
    ["white space", "not_compact", () => `${sign(header, SELF)} `],
    ["a line break", "not_compact", () => `${sign(header, SELF)}\n`],
    ["16 kB and one byte", "too_large", () => sign(header, { ...SELF, pad: "x".repeat(16_384) })],
    ["an API key", "not_compact", () => "dome_at_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf3ojKV7"],
  ];

  it.each(matrix)("%s: %s", async (_, kind, make) => {
    expect(await verdict(make(), atRaw)).toBe(kind);
  });

  it("is not the raw signer's fault: the same token without the attack is accepted", async () => {
    expect(await verdict(sign(header, SELF), atRaw)).toBe("accepted");
  });

  it("a receipt presented as a token, and a token signed with a receipt key", async () => {
    const receipt = await signHaltReceipt(EVIDENCE, { issuer: ISSUER, now: NOW }, issuer.receipt);
    expect(await verdict(receipt, at)).toBe("wrong_typ");
    const forged = await new SignJWT({ ...SELF })
      .setProtectedHeader({ typ: "at+jwt", alg: "ES256", kid: issuer.receipt.kid })
      .sign(issuer.receipt.privateKey);
    expect(await verdict(forged, at)).toBe("wrong_key_use");
  });

  it("a kid that is no name of ours is refused even if a key bore it: it never gets to a look-up", async () => {
    const path = rawIssuer("../../etc/passwd");
    expect(await verdict(path.sign(path.header, SELF), { ...at, keySet: path.keySet })).toBe("unknown_kid");
  });

  it("any single character changed, anywhere", async () => {
    const token = await mint(issuer);
    const alphabet = [...BASE64URL, ".", "=", "+", "/", " ", "é"];
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...alphabet), async (position, other) => {
        fc.pre(token[position] !== other);
        const changed = token.slice(0, position) + other + token.slice(position + 1);
        expect(await verdict(changed, at)).not.toBe("accepted");
      }),
      { numRuns: 1000 },
    );
  });

  it("any other spelling of the last character of the signature: its spare bits must be zero", async () => {
    const token = await mint(issuer);
    const others = BASE64URL.filter((other) => other !== token.at(-1));
    const kinds = await Promise.all(others.map((other) => verdict(token.slice(0, -1) + other, at)));
    expect(new Set(kinds)).toEqual(new Set(["bad_signature"]));
  });

  it("any text at all, with a refusal and not with a throw", async () => {
    const part = fc.oneof(fc.string(), fc.json().map(encode), fc.base64String());
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
        expect(await verdict(parts.join("."), at)).not.toBe("accepted");
      }),
      { numRuns: 300 },
    );
  });
});
