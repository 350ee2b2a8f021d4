import { decodeProtectedHeader, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { HALT_NOTE, signHaltReceipt, verifyHaltReceipt } from "../../../src/tokens/halt-receipt.ts";
import { IAT, ISSUER, makeIssuer, mint, NOW, rawIssuer } from "./fixture.ts";
import { EVIDENCE } from "./halt-receipt.fixture.ts";

const issuer = await makeIssuer();
const receipt = await signHaltReceipt(EVIDENCE, { issuer: ISSUER, now: NOW + 999 }, issuer.receipt);
const verify = (text: string) => verifyHaltReceipt(text, { issuer: ISSUER, keys: issuer.keySet.keys });

describe("a halt receipt", () => {
  it("is a JWS of its own type under a receipt key, with the halt's id as jti and no exp", async () => {
    expect(decodeProtectedHeader(receipt)).toEqual({
      typ: "halt-receipt+jwt",
      alg: "ES256",
      kid: issuer.receipt.kid,
    });
    expect(await verify(receipt)).toEqual({
      ok: true,
      value: { iss: ISSUER, iat: IAT, jti: EVIDENCE.id, halt: EVIDENCE },
    });
  });

  it("says what it does not promise: who only checks signatures trusts a token until its exp (P3)", () => {
    expect(HALT_NOTE).toContain("trusts it until its exp");
  });

  it("tells a halt that is not yet effective from one that is", async () => {
    const pending = { ...EVIDENCE, effective_at: null };
    const text = await signHaltReceipt(pending, { issuer: ISSUER, now: NOW }, issuer.receipt);
    expect(await verify(text)).toMatchObject({ ok: true, value: { halt: { effective_at: null } } });
  });

  it("is refused when it comes from another issuer", async () => {
    const other = await verifyHaltReceipt(receipt, {
      issuer: "https://other.example",
      keys: issuer.keySet.keys,
    });
    expect(other).toEqual({ ok: false, error: { kind: "wrong_issuer" } });
  });

  it("is refused when one character is changed", async () => {
    const position = receipt.indexOf(".") + 10;
    const changed =
      receipt.slice(0, position) + (receipt[position] === "A" ? "B" : "A") + receipt.slice(position + 1);
    expect(await verify(changed)).toEqual({ ok: false, error: { kind: "bad_signature" } });
  });

  it("is not a call token, and a call token is not a receipt", async () => {
    expect(await verify(await mint(issuer))).toEqual({ ok: false, error: { kind: "wrong_typ" } });
  });

  it("cannot be signed with a token key, neither by us nor by a forger", async () => {
    await expect(signHaltReceipt(EVIDENCE, { issuer: ISSUER, now: NOW }, issuer.token)).rejects.toThrow(
      "a receipt key",
    );
    const forged = await new SignJWT({ iss: ISSUER, iat: IAT, jti: EVIDENCE.id, halt: EVIDENCE })
      .setProtectedHeader({ typ: "halt-receipt+jwt", alg: "ES256", kid: issuer.token.kid })
      .sign(issuer.token.privateKey);
    expect(await verify(forged)).toEqual({ ok: false, error: { kind: "wrong_key_use" } });
  });

  it("stays readable when a later version adds to it: evidence is kept for years", async () => {
    const raw = rawIssuer("receipt-key", "receipt");
    const header = { ...raw.header, typ: "halt-receipt+jwt" };
    const text = raw.sign(header, {
      iss: ISSUER,
      iat: IAT,
      jti: EVIDENCE.id,
      halt: { ...EVIDENCE, later: 1 },
    });
    const read = await verifyHaltReceipt(text, { issuer: ISSUER, keys: raw.keySet.keys });
    expect(read).toMatchObject({ ok: true, value: { halt: EVIDENCE } });
  });

  it.each([
    ["jti is another halt's", { jti: "hlt_01k9v3m8q2x7n5r4t6w0y1z2a4" }, "jti"],
    ["the halt is missing", { halt: undefined }, "halt"],
    ["the halt is no halt", { halt: { ...EVIDENCE, kind: "pause" } }, "halt"],
  ])("is refused when %s", async (_, change, member) => {
    const raw = rawIssuer("receipt-key", "receipt");
    const header = { ...raw.header, typ: "halt-receipt+jwt" };
    const text = raw.sign(header, { iss: ISSUER, iat: IAT, jti: EVIDENCE.id, halt: EVIDENCE, ...change });
    expect(await verifyHaltReceipt(text, { issuer: ISSUER, keys: raw.keySet.keys })).toEqual({
      ok: false,
      error: { kind: "bad_claims", member },
    });
  });
});
