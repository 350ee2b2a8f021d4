import { beforeAll, describe, expect, test } from "vitest";
import type { ActorReceipt } from "../../../src/contract/actor-receipt.ts";
import { receiptHash, signActorReceipt, verifyActorReceipt } from "../../../src/delegation/receipt.ts";
import { verifyCallToken } from "../../../src/tokens/verify.ts";
import { IAT, ISSUER, makeIssuer, mint, NOW, rawIssuer, USER, type Issuer } from "../tokens/fixture.ts";
import { agent, TXN } from "./fixture.ts";

const RECEIPT: ActorReceipt = {
  iss: ISSUER,
  sub: USER,
  act: { iss: ISSUER, sub: agent(1), sub_profile: "ai_agent" },
  iat: IAT,
  jti: `rct_${"1".padStart(26, "0")}`,
  origin_jti: `tok_${"1".padStart(26, "0")}`,
  txn: TXN,
  scope: "tool:zendesk",
  target: ISSUER,
  basis: "delegates_to",
};

let issuer: Issuer;
beforeAll(async () => {
  issuer = await makeIssuer();
});
const verdict = async (text: string, keys = issuer.keySet.keys): Promise<string> => {
  const result = await verifyActorReceipt(text, { issuer: ISSUER, keys });
  if (result.ok) return "accepted";
  return result.error.kind === "bad_claims" ? `bad_claims ${result.error.member}` : result.error.kind;
};

describe("the receipt of a hop", () => {
  test("is verified with the published keys alone, long after", async () => {
    const text = await signActorReceipt(RECEIPT, issuer.receipt);

    const result = await verifyActorReceipt(text, { issuer: ISSUER, keys: issuer.keySet.keys });

    expect(result).toEqual({ ok: true, value: RECEIPT });
  });

  test("is not signed with a token key", async () => {
    await expect(signActorReceipt(RECEIPT, issuer.token)).rejects.toThrow("receipt key");
  });

  test("is not signed when it says what no verifier would take", async () => {
    await expect(signActorReceipt({ ...RECEIPT, scope: "everything" }, issuer.receipt)).rejects.toThrow(
      "scope",
    );
  });

  test("is refused when a token key made it: a stolen token key forges no evidence", async () => {
    const tokenKey = rawIssuer("token-key", "token");
    const text = tokenKey.sign({ ...tokenKey.header, typ: "actor-receipt+jwt" }, RECEIPT);

    expect(await verdict(text, tokenKey.keySet.keys)).toBe("wrong_key_use");
  });

  test("is refused when the key of an agent made it", async () => {
    const ofAgent = rawIssuer("agent-key", "receipt");
    const text = ofAgent.sign({ ...ofAgent.header, typ: "actor-receipt+jwt" }, RECEIPT);

    expect(await verdict(text)).toBe("unknown_kid");
  });

  test("is refused when the key of an agent made it under the name of ours", async () => {
    const ofAgent = rawIssuer(issuer.receipt.kid, "receipt");
    const text = ofAgent.sign({ ...ofAgent.header, typ: "actor-receipt+jwt" }, RECEIPT);

    expect(await verdict(text)).toBe("bad_signature");
  });

  test("is refused when another issuer stands in it, whoever signed", async () => {
    const text = await signActorReceipt({ ...RECEIPT, iss: "https://other.example" }, issuer.receipt);

    expect(await verdict(text)).toBe("wrong_issuer");
  });

  test("is no bearer token (evidence is never authority)", async () => {
    const text = await signActorReceipt(RECEIPT, issuer.receipt);

    const result = await verifyCallToken(text, {
      issuer: ISSUER,
      audiences: [ISSUER],
      keySet: issuer.keySet,
      now: NOW,
    });

    expect(result).toEqual({ ok: false, error: { kind: "wrong_typ" } });
  });

  test("is not a call token", async () => {
    expect(await verdict(await mint(issuer))).toBe("wrong_typ");
  });

  test.each([
    ["no transaction", { txn: undefined }, "txn"],
    ["a nested act", { act: { ...RECEIPT.act, act: RECEIPT.act } }, "act"],
    ["an unknown basis", { basis: "because" }, "basis"],
    ["a hash that is none", { prh: "abc" }, "prh"],
  ])("is refused with %s", async (_what, change, member) => {
    const key = rawIssuer("receipt-key", "receipt");
    const text = key.sign({ ...key.header, typ: "actor-receipt+jwt" }, { ...RECEIPT, ...change });

    expect(await verdict(text, key.keySet.keys)).toBe(`bad_claims ${member}`);
  });
});

test("the hash of a receipt is over its ASCII as it was sent", () => {
  expect(receiptHash("eyJhbGciOiJFZERTQSJ9.e30.AA")).toBe("iChuT6tDSzDaKK7DqaXwTetgcyAOsjOWYEM8C54urcU");
});
