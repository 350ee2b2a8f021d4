import { describe, expect, test } from "vitest";
import { keysFromJwks } from "../../../src/signing/published-keys.ts";
import { jwksDocument } from "../../../src/tokens/jwks.ts";
import { makeIssuer, NOW } from "../tokens/fixture.ts";

const issuer = await makeIssuer();
const published = jwksDocument(issuer.rows, NOW);
const [first, second] = published.keys;

describe("a published JWKS", () => {
  test("becomes the keys, each for its own use", async () => {
    const keys = await keysFromJwks(published);

    expect(keys.ok && [...keys.value].map(([kid, { use }]) => [kid, use])).toEqual([
      [issuer.token.kid, "token"],
      [issuer.receipt.kid, "receipt"],
    ]);
  });

  test("may say more of a key than is known (RFC 7517 §4)", async () => {
    expect((await keysFromJwks({ ...published, keys: [{ ...first, key_ops: ["verify"] }] })).ok).toBe(true);
  });

  test.each<[string, unknown, string]>([
    ["no object", [], "not_a_jwks "],
    ["no keys", { keys: [] }, "not_a_jwks keys"],
    ["a key for encryption", { keys: [{ ...first, use: "enc" }] }, "not_a_jwks keys.0.use"],
    ["a key of another family", { keys: [{ ...first, kty: "RSA" }] }, "not_a_jwks keys.0.kty"],
    ["a key of another curve", { keys: [{ ...first, crv: "P-384" }] }, "not_a_jwks keys.0.crv"],
    ["another algorithm", { keys: [{ ...first, alg: "ES384" }] }, "not_a_jwks keys.0.alg"],
    [
      "a key whose use nobody knows",
      { keys: [first, { ...second, dome_use: undefined }] },
      "not_a_jwks keys.1.dome_use",
    ],
    ["a short coordinate", { keys: [{ ...first, x: "AA" }] }, "not_a_jwks keys.0.x"],
    ["a private key", { keys: [{ ...first, d: first?.x }] }, "not_a_jwks keys.0.d"],
    ["one name for two keys", { keys: [first, { ...second, kid: first?.kid }] }, "repeated_kid"],
    ["a point that is not on the curve", { keys: [{ ...first, y: first?.x }] }, "not_a_point"],
  ])("is refused with %s", async (_what, document, expected) => {
    const keys = await keysFromJwks(document);
    const told = keys.ok
      ? "taken"
      : keys.error.kind === "not_a_jwks"
        ? `not_a_jwks ${keys.error.member}`
        : keys.error.kind;
    expect(told).toBe(expected);
  });
});
