import { describe, expect, it, vi } from "vitest";
import { toBase64Url } from "../../../src/kernel/bytes.ts";
import { VerificationCache } from "../../../src/tokens/cache.ts";
import { keySetAt } from "../../../src/tokens/signing-key.ts";
import { verifyCallToken, type VerifyOptions } from "../../../src/tokens/verify.ts";
import { ISSUER, makeIssuer, mint, NOW, rawIssuer, SELF, verdict } from "./fixture.ts";

const issuer = await makeIssuer();
const at: VerifyOptions = { issuer: ISSUER, audiences: [ISSUER], keySet: issuer.keySet, now: NOW };
const raw = rawIssuer();
const atRaw: VerifyOptions = { ...at, keySet: raw.keySet };

describe("the cache of verifications", () => {
  it("spares the second signature check", async () => {
    const keys = new Map(issuer.keySet.keys);
    const lookUp = vi.spyOn(keys, "get");
    const options = { ...at, keySet: { ...issuer.keySet, keys }, cache: new VerificationCache() };
    const token = await mint(issuer);
    expect(await verdict(token, options)).toBe("accepted");
    expect(await verdict(token, options)).toBe("accepted");
    expect(lookUp).toHaveBeenCalledTimes(1);
  });

  it("knows a token by its whole text: another signature over the same claims is verified anew", async () => {
    const options = { ...at, cache: new VerificationCache() };
    const token = await mint(issuer);
    await verifyCallToken(token, options);
    const forged = `${token.slice(0, token.lastIndexOf("."))}.${toBase64Url(new Uint8Array(64).fill(1))}`;
    expect(await verdict(forged, options)).toBe("bad_signature");
  });

  it("does not carry a token from one door to another, nor past its exp", async () => {
    const options = { ...at, cache: new VerificationCache() };
    const token = await mint(issuer);
    expect(await verdict(token, options)).toBe("accepted");
    expect(await verdict(token, { ...options, audiences: [`${ISSUER}/v1`] })).toBe("wrong_audience");
    expect(await verdict(token, { ...options, issuer: "https://other.example" })).toBe("wrong_issuer");
    expect(await verdict(token, { ...options, now: NOW + 300_000 })).toBe("expired");
  });

  it("forgets what a compromised key signed, together with the key (P3)", async () => {
    const options = { ...at, cache: new VerificationCache() };
    const token = await mint(issuer);
    expect(await verdict(token, options)).toBe("accepted");
    const left = issuer.rows.map((row) => (row.use === "token" ? { ...row, compromisedAt: NOW } : row));
    expect(await verdict(token, { ...options, keySet: keySetAt(left, NOW) })).toBe("unknown_kid");
  });

  it("does not remember a refusal's token", async () => {
    const cache = new VerificationCache();
    await verifyCallToken(raw.sign(raw.header, SELF), { ...at, cache });
    await verifyCallToken(raw.sign(raw.header, { ...SELF, jti: "x" }), { ...atRaw, cache });
    expect(cache.size).toBe(0);
  });

  it("holds no more than its bound, and drops the least recently used", () => {
    const cache = new VerificationCache(2);
    cache.put("a", "v", SELF);
    cache.put("b", "v", SELF);
    cache.get("a", "v", NOW);
    cache.put("c", "v", SELF);
    expect(cache.size).toBe(2);
    expect(["a", "b", "c"].filter((token) => cache.get(token, "v", NOW) !== undefined)).toEqual(["a", "c"]);
  });

  it("lets go of a token at its exp", () => {
    const cache = new VerificationCache();
    cache.put("a", "v", SELF);
    expect(cache.get("a", "v", NOW + 299_999)).toBe(SELF);
    expect(cache.get("a", "v", NOW + 300_000)).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it("never answers under another version of the key set", () => {
    const cache = new VerificationCache();
    cache.put("a", "v1", SELF);
    expect(cache.get("a", "v2", NOW)).toBeUndefined();
    expect(cache.get("a", "v1", NOW)).toBeUndefined();
  });
});
