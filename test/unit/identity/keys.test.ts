import { exportJWK, generateKeyPair } from "jose";
import { describe, expect, it, test } from "vitest";
import { discoveryUrl, issuerOf, parseDiscovery } from "../../../src/identity/discovery.ts";
import { parseKeys } from "../../../src/identity/keys.ts";
import { isWeakRsa } from "../../../src/identity/weak-keys.ts";
import { toBase64Url } from "../../../src/kernel/bytes.ts";
import { signingKey } from "./fixture.ts";

const fromHex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** Made for this test as the faulty library did: both primes are k·M + (65537^a mod M), M of the first 126 primes. */
const ROCA =
  "g9nC_yppa4p1BAyiUMOq-FaeYc3pzr8GPpTfZZsrsQRZeMC0udHeq_scxEZv3B5XKWBOls_Q9GjwYYdY9O23wYIhT3MNDxzjrgfmQlA4BAWoJ8F3clYXopqZyqP0eerW0dC_AzxXYp_S7fN4oarkd0PXwkNpSJgSdvDsKZ8hH_h3jU9sHqD0YgzxYbye9EYycZvDMiAXvqSLLn5-GHpM4VmdEJaJPhijBbZsFTkTT1KgvC7XIBuaZs51wXXZZ32EgkVBqUDR7pQeq0oBeDgml_0XZdGfNDlS_iG0IpUDCrMgYGMMgegcTlc0hkQoIIfjOKnEo5kXWxw073e0dpVjpw";
/** The product of a prime and the next one. */
const NEIGHBOURS =
  "9Qbsnswx21WLxtQPqEwEqcubiAFJY14wcNxnN0xMditmSAZozi2HsaIeXm-Rymt1qo2p5KWTWbyfGX8qS0P5DvD1xdgiUN_oUq4Sp1eXNAqA0vWJXS-tZodJ5uS7txWUpYONA5RnpCq5otSpsJCucZsT256tvxLz5ENoepxURjelDwISTx862JeH_WVYMJ44Bbj8RWz54ZoAxLO9JWYl-i5qis1WyPyAMUcxKVwmMSvYOpuopXVY71RX1Z5FVyynYx5D_5u6GCECKmJQuSBkrtuU35vj0SXhrKFSBv8glPl_jQnophtvbzS_tgpS6FdvU8FvLHFQc0HVS9wm3wY8wQ";

const usable = (...keys: readonly unknown[]): number | string => {
  const parsed = parseKeys({ keys });
  return parsed.ok ? parsed.value.keys.length : parsed.error;
};
/** An odd number of so many bytes without a small factor; for the tests of lengths nobody needs its own. */
const modulus = (bytes: number): string => {
  const odd = (BigInt(1) << BigInt(bytes * 8)) - 1n;
  for (let n = odd; ; n -= 2n) {
    const number = fromHex(n.toString(16));
    if (!isWeakRsa(number, Uint8Array.of(1, 0, 1))) return toBase64Url(number);
  }
};
const POINT = toBase64Url(new Uint8Array(32).fill(7));

describe("a key set", () => {
  it("yields public members only, with the algorithms that fit (ID-2)", async () => {
    const { jwk } = await signingKey("k1", "RS256");
    const parsed = parseKeys({ keys: [{ ...jwk, x5c: ["MIIB"], alg: undefined }] });
    expect(parsed).toEqual({
      ok: true,
      value: {
        keys: [{ kid: "k1", algorithms: ["RS256", "PS256"], jwk: { kty: "RSA", n: jwk.n, e: jwk.e } }],
        ignored: 0,
      },
    });
  });

  it("has no RSA key below 2048 bits, also when zeros make it look longer (ID-2)", () => {
    expect(usable({ kty: "RSA", e: "AQAB", n: modulus(256) })).toBe(1);
    expect(usable({ kty: "RSA", e: "AQAB", n: modulus(255) })).toBe(0);
    const padded = new Uint8Array(256).fill(0xff, 128);
    expect(usable({ kty: "RSA", e: "AQAB", n: toBase64Url(padded) })).toBe(0);
    expect(usable({ kty: "RSA", e: "AQAB", n: modulus(1_025) })).toBe(0);
  });

  test.each([
    ["whose primes a faulty library drew (ROCA, CVE-2017-15361)", ROCA, "AQAB"],
    ["whose primes are neighbours (CVE-2022-26320)", NEIGHBOURS, "AQAB"],
    ["with an even modulus", toBase64Url(fromHex(`c${"0".repeat(511)}`)), "AQAB"],
    ["with a small factor", toBase64Url(new Uint8Array(256).fill(0xff)), "AQAB"],
    ["with the exponent one", modulus(256), "AQ"],
    ["with the exponent three", modulus(256), "Aw"],
    ["with an even exponent", modulus(256), "AQAC"],
    ["with an exponent beyond FIPS 186-5", modulus(256), toBase64Url(new Uint8Array(33).fill(0xff))],
    ["without an exponent", modulus(256), ""],
  ])("has no RSA key %s (ID-2)", (_what, n, e) => {
    expect(usable({ kty: "RSA", n, e })).toBe(0);
  });

  test.each(["RS256", "PS256", "ES256", "ES384", "EdDSA"])("has a fresh key for %s", async (alg) => {
    for (let n = 0; n < 4; n += 1) expect(usable((await signingKey("k", alg)).jwk)).toBe(1);
  });

  test.each([
    "00".repeat(32),
    `01${"00".repeat(31)}`,
    `01${"00".repeat(30)}80`,
    `ec${"ff".repeat(31)}`,
    `ed${"ff".repeat(30)}7f`,
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  ])("has no Ed25519 key of small order, under which anybody can sign: %s (ID-2)", (point) => {
    expect(usable({ kty: "OKP", crv: "Ed25519", x: toBase64Url(fromHex(point)) })).toBe(0);
  });

  it("has no key of another length than its curve's (RFC 7518 §6.2.1.2)", () => {
    const x = toBase64Url(new Uint8Array(31).fill(7));
    expect(usable({ kty: "OKP", crv: "Ed25519", x })).toBe(0);
    expect(usable({ kty: "EC", crv: "P-256", x, y: POINT })).toBe(0);
  });

  test.each([
    ["a secret", { kty: "oct", k: "AAAA" }],
    ["another curve", { kty: "EC", crv: "P-521", x: POINT, y: "AA" }],
    ["a curve that is a member of every object", { kty: "EC", crv: "constructor", x: POINT, y: "AA" }],
    ["secp256k1", { kty: "EC", crv: "secp256k1", x: POINT, y: "AA" }],
    ["a key for agreement", { kty: "OKP", crv: "X25519", x: POINT }],
    ["a key for encryption", { kty: "OKP", crv: "Ed25519", x: POINT, use: "enc" }],
    ["a key for something else", { kty: "OKP", crv: "Ed25519", x: POINT, key_ops: ["sign"] }],
    ["an algorithm of another family", { kty: "OKP", crv: "Ed25519", x: POINT, alg: "ES256" }],
    ["HS256 on an RSA key", { kty: "RSA", e: "AQAB", n: modulus(256), alg: "HS256" }],
    ["a kid that is no text", { kty: "OKP", crv: "Ed25519", x: POINT, kid: 7 }],
    ["no object", "key"],
    ["null", null],
  ])("leaves %s out (ID-2)", (_what, key) => {
    expect(usable(key)).toBe(0);
  });

  it("leaves out a private key that was published", async () => {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    expect(usable(await exportJWK(privateKey))).toBe(0);
  });

  it("has at most a hundred keys, and is an object with a list of them (ID-10)", () => {
    const key = { kty: "OKP", crv: "Ed25519", x: POINT };
    expect(usable(...Array.from({ length: 100 }, () => key))).toBe(100);
    expect(usable(...Array.from({ length: 101 }, () => key))).toBe("too_many_keys");
    for (const document of [null, [], "keys", { keys: {} }, {}])
      expect(parseKeys(document)).toEqual({ ok: false, error: "not_a_key_set" });
  });
});

describe("a discovery document", () => {
  const issuer = "https://login.example.com";
  const parse = (document: unknown, tenant: string | null = null, configured = issuer) =>
    parseDiscovery(document, { issuer: configured, tenant });

  it("says where the keys are", () => {
    expect(parse({ issuer, jwks_uri: "https://keys.example.com/" })).toEqual({
      ok: true,
      value: { jwksUri: "https://keys.example.com/" },
    });
  });

  test.each(["https://evil.example", `${issuer}/`, issuer.toUpperCase(), undefined, 7])(
    "that speaks for %j is refused (ID-1)",
    (said) => {
      expect(parse({ issuer: said, jwks_uri: "https://k.example" })).toEqual({
        ok: false,
        error: "another_issuer",
      });
    },
  );

  it("of many tenants is read for the one that is trusted (ID-1)", () => {
    const template = "https://login.microsoftonline.com/{tenantid}/v2.0";
    const mine = issuerOf(template, "t-1");
    expect(mine).toBe("https://login.microsoftonline.com/t-1/v2.0");
    expect(parse({ issuer: template, jwks_uri: "https://k" }, "t-1", mine)).toMatchObject({ ok: true });
    expect(parse({ issuer: template, jwks_uri: "https://k" }, "t-2", mine)).toMatchObject({ ok: false });
    expect(parse({ issuer: template, jwks_uri: "https://k" }, null, mine)).toMatchObject({ ok: false });
  });

  test.each([null, [], "text", 7])("is no document: %j", (document) => {
    expect(parse(document)).toEqual({ ok: false, error: "not_a_document" });
  });

  it("without the address of keys is none", () => {
    expect(parse({ issuer })).toEqual({ ok: false, error: "no_jwks_uri" });
  });

  it("is found below the issuer, whether that ends in a slash or not", () => {
    expect(discoveryUrl("https://a.example/x/")).toBe("https://a.example/x/.well-known/openid-configuration");
    expect(discoveryUrl("https://a.example")).toBe("https://a.example/.well-known/openid-configuration");
  });
});
