import { exportJWK, generateKeyPair } from "jose";
import { describe, expect, it, test } from "vitest";
import { discoveryUrl, issuerOf, parseDiscovery } from "../../../src/identity/discovery.ts";
import { parseKeys } from "../../../src/identity/keys.ts";
import { toBase64Url } from "../../../src/kernel/bytes.ts";
import { signingKey } from "./fixture.ts";

const usable = (...keys: readonly unknown[]): number | string => {
  const parsed = parseKeys({ keys });
  return parsed.ok ? parsed.value.keys.length : parsed.error;
};
const modulus = (bytes: number): string => toBase64Url(new Uint8Array(bytes).fill(0xff));

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
    expect(usable({ kty: "RSA", e: "AQAB", n: modulus(2_048) })).toBe(0);
  });

  test.each([
    ["a secret", { kty: "oct", k: "AAAA" }],
    ["another curve", { kty: "EC", crv: "P-521", x: "AA", y: "AA" }],
    ["a curve that is a member of every object", { kty: "EC", crv: "constructor", x: "AA", y: "AA" }],
    ["secp256k1", { kty: "EC", crv: "secp256k1", x: "AA", y: "AA" }],
    ["a key for agreement", { kty: "OKP", crv: "X25519", x: "AA" }],
    ["a key for encryption", { kty: "OKP", crv: "Ed25519", x: "AA", use: "enc" }],
    ["a key for something else", { kty: "OKP", crv: "Ed25519", x: "AA", key_ops: ["sign"] }],
    ["an algorithm of another family", { kty: "OKP", crv: "Ed25519", x: "AA", alg: "ES256" }],
    ["HS256 on an RSA key", { kty: "RSA", e: "AQAB", n: modulus(256), alg: "HS256" }],
    ["a kid that is no text", { kty: "OKP", crv: "Ed25519", x: "AA", kid: 7 }],
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
    const key = { kty: "OKP", crv: "Ed25519", x: "AA" };
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
