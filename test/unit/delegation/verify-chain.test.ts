import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ActorReceipt } from "../../../src/contract/actor-receipt.ts";
import type { ChainReport } from "../../../src/delegation/chain-report.ts";
import type { ChainInput, ChainOptions } from "../../../src/delegation/verify-chain.ts";
import { verifyChain } from "../../../src/delegation/verify-chain.ts";
import { receiptHash, signActorReceipt } from "../../../src/delegation/receipt.ts";
import { fromBase64Url } from "../../../src/kernel/bytes.ts";
import { mintCallToken } from "../../../src/tokens/mint.ts";
import { parseSegment } from "../../../src/signing/strict-json.ts";
import { BASE64URL, IAT, ISSUER, makeIssuer, mint, NOW, rawIssuer, USER } from "../tokens/fixture.ts";
import { agent, type Chain, type ChainPlan, type Hop, honestChain, TXN, WHOLE } from "./fixture.ts";

const issuer = await makeIssuer();
const options: ChainOptions = { issuer: ISSUER, keys: issuer.keySet.keys, now: NOW };
const CRM = `${ISSUER}/tools/crm`;
const HOPS: readonly Hop[] = [
  WHOLE,
  { scope: "tool:crm", target: CRM },
  { scope: "tool:crm/read", target: CRM },
];
const PLAN: ChainPlan = { hops: HOPS, user: true };
const chain = await honestChain(issuer, PLAN);
const other = await honestChain(issuer, { ...PLAN, txn: `txn_${"2".padStart(26, "0")}`, mark: "1" });

/** `verified`, or the check that failed and the receipt at which it did. */
async function verdict(input: ChainInput, given: ChainOptions = options): Promise<string> {
  const result = await verifyChain(input, given);
  if (result.ok) return "verified";
  const { kind, index } = result.error;
  return index === null ? kind : `${kind} ${index}`;
}

async function reportOf(input: ChainInput, given: ChainOptions = options): Promise<ChainReport> {
  const result = await verifyChain(input, given);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** The same token with other receipts in it, signed by the issuer as if it had been careless. */
const carrying = (receipts: readonly string[], from: Chain = chain, complete = true): Promise<string> =>
  mintCallToken(
    { ...from.claims, actor_receipts: [...receipts], actor_receipts_complete: complete },
    issuer.token,
  );

describe("an honest chain", () => {
  test("says who acted for whom, when, with how much, and why it was allowed", async () => {
    const report = await reportOf({ token: chain.token });

    expect(report).toMatchObject({
      issuer: ISSUER,
      subject: USER,
      actor: agent(3),
      txn: TXN,
      complete: true,
      token: { jti: chain.claims.jti, scope: "tool:crm/read", audience: CRM, expired: false },
    });
    expect(
      report.hops.map(({ actor, at, scope, target, basis, kid }) => [actor, at, scope, target, basis, kid]),
    ).toEqual([
      [
        agent(1),
        "2026-11-23T09:00:00.000Z",
        "surface",
        ISSUER,
        "idp:idp_00000000000000000000000001",
        issuer.receipt.kid,
      ],
      [agent(2), "2026-11-23T09:00:01.000Z", "tool:crm", CRM, "delegates_to", issuer.receipt.kid],
      [agent(3), "2026-11-23T09:00:02.000Z", "tool:crm/read", CRM, "delegates_to", issuer.receipt.kid],
    ]);
    expect(report.statements).toContain("Every actor that the token names has its receipt.");
    expect(report.not_checked).toEqual([
      "Whether the agents and the token are live now: introspect the token (POST /api/v1/auth/introspect).",
    ]);
  });

  test("is still evidence when the token has expired, and says that it has", async () => {
    const report = await reportOf({ token: chain.token }, { ...options, now: NOW + 86_400_000 });

    expect(report.token?.expired).toBe(true);
    expect(report.statements.join("\n")).toContain("Dome no longer accepts it");
  });

  test("without a time says nothing about expiry", async () => {
    const { now: _now, ...timeless } = options;
    expect((await reportOf({ token: chain.token }, timeless)).token?.expired).toBeNull();
  });

  test("is verified by its receipts alone, which cannot say whether later hops followed", async () => {
    const report = await reportOf({ receipts: chain.receipts });

    expect(report).toMatchObject({ subject: USER, actor: agent(3), complete: null, token: null });
    expect(report.not_checked.join("\n")).toContain("Whether later hops followed");
    expect(await verdict({ receipts: chain.receipts.slice(1) })).toBe("verified");
  });

  test("may have its receipts beside the token, as introspection gives them", async () => {
    const { actor_receipts: _receipts, actor_receipts_complete: _complete, ...bare } = chain.claims;
    const token = await mintCallToken(bare, issuer.token);

    expect(await verdict({ token, receipts: chain.receipts })).toBe("verified");
    expect(await verdict({ token })).toBe("wrong_count");
    expect(await verdict({ token: chain.token, receipts: chain.receipts })).toBe("verified");
    expect(await verdict({ token: chain.token, receipts: other.receipts })).toBe("receipts_differ");
  });

  test("may begin with an agent instead of a user", async () => {
    const begun = await honestChain(issuer, { hops: HOPS, user: false });
    expect(await reportOf({ token: begun.token })).toMatchObject({
      subject: agent(0),
      actor: agent(3),
      complete: true,
    });
  });

  test("has no hop when an agent acts for itself", async () => {
    const report = await reportOf({ token: await mint(issuer) });
    expect(report).toMatchObject({ txn: null, complete: true, hops: [] });
    expect(report.statements.at(-1)).toContain("acts for itself");
  });

  test("may be stamped by machines whose clocks differ a little", async () => {
    const stamped = (seconds: number) =>
      honestChain(issuer, {
        ...PLAN,
        edit: (claims, index) => (index === 0 ? { ...claims, iat: IAT + seconds } : claims),
      });
    expect(await verdict({ token: (await stamped(3)).token })).toBe("verified");
    expect(await verdict({ token: (await stamped(120)).token })).toBe("time_reversed 1");
  });
});

describe("a chain that somebody has changed is refused (standards: mutations)", () => {
  const [newest = "", middle = "", oldest = ""] = chain.receipts;

  test("two receipts swapped", async () => {
    expect(await verdict({ token: await carrying([middle, newest, oldest]) })).toBe("wrong_link 0");
    expect(await verdict({ receipts: [newest, oldest, middle] })).toBe("wrong_link 0");
  });

  test("the middle one dropped", async () => {
    expect(await verdict({ token: await carrying([newest, oldest], chain, false) })).toBe("wrong_link 0");
    expect(await verdict({ receipts: [newest, oldest] })).toBe("wrong_link 0");
  });

  test("the oldest one dropped: no token that says complete may be without it", async () => {
    const raw = rawIssuer("token-key");
    const token = raw.sign(raw.header, { ...chain.claims, actor_receipts: [newest, middle] });
    const keys = new Map([...issuer.keySet.keys, ...raw.keySet.keys]);
    expect(await verdict({ token }, { ...options, keys })).toBe("token_refused");
    expect(await verdict({ token: await carrying([newest, middle], chain, false) })).toBe("wrong_link 1");
    expect(await verdict({ receipts: [newest, middle] })).toBe("wrong_link 1");
  });

  test("the newest one dropped", async () => {
    expect(await verdict({ token: await carrying([middle, oldest], chain, false) })).toBe("wrong_actor 0");
  });

  test("one given twice", async () => {
    expect(await verdict({ receipts: [newest, newest, middle, oldest] })).toBe("wrong_link 0");
  });

  test.each([
    ["padding", (text: string) => `${text}=`, "receipt_refused 1"],
    ["a space", (text: string) => `${text} `, "receipt_refused 1"],
    [
      "the other spelling of the last character",
      (text: string) => text.slice(0, -1) + respelled(text.at(-1) ?? ""),
      "receipt_refused 1",
    ],
  ])("base64 of an inner receipt written otherwise: %s", async (_what, write, expected) => {
    expect(await verdict({ receipts: [newest, write(middle), oldest] })).toBe(expected);
    expect(await verdict({ token: await carrying([newest, write(middle), oldest]) })).toBe(expected);
  });

  test("an inner receipt signed again: other bytes, the same claims", async () => {
    const again = await signActorReceipt(claimsOf(middle), issuer.receipt);
    expect(again).not.toBe(middle);
    expect(await verdict({ receipts: [newest, again, oldest] })).toBe("wrong_link 0");
  });

  test("the receipts of another transaction", async () => {
    expect(await verdict({ token: await carrying(other.receipts) })).toBe("wrong_transaction 0");
    expect(await verdict({ receipts: [newest, ...other.receipts.slice(1)] })).toBe("wrong_transaction 1");
  });

  test("the receipts of another chain of the same transaction", async () => {
    const sibling = await honestChain(issuer, { ...PLAN, mark: "2" });
    expect(await verdict({ token: await carrying(sibling.receipts) })).toBe("wrong_origin 0");
  });

  test("a receipt that an agent's key has signed", async () => {
    const ofAgent = rawIssuer(issuer.receipt.kid, "receipt");
    const forged = ofAgent.sign({ ...ofAgent.header, typ: "actor-receipt+jwt" }, claimsOf(newest));
    expect(await verdict({ receipts: [forged, middle, oldest] })).toBe("receipt_refused 0");
  });

  test("a receipt that a token key has signed", async () => {
    const raw = rawIssuer("token-key");
    const forged = raw.sign({ ...raw.header, typ: "actor-receipt+jwt" }, claimsOf(newest));
    const keys = new Map([...issuer.keySet.keys, ...raw.keySet.keys]);
    expect(await verdict({ receipts: [forged, middle, oldest] }, { ...options, keys })).toBe(
      "receipt_refused 0",
    );
  });

  test("a receipt in the place of the token, and the token in the place of a receipt", async () => {
    expect(await verdict({ token: newest })).toBe("token_refused");
    expect(await verdict({ receipts: [chain.token, middle, oldest] })).toBe("receipt_refused 0");
  });

  test("another issuer than the trusted one, before anything else is looked at", async () => {
    const foreign = { ...options, issuer: "https://evil.example" };
    expect(await verdict({ token: chain.token }, foreign)).toBe("wrong_issuer");
    expect(await verdict({ receipts: chain.receipts }, foreign)).toBe("wrong_issuer 0");
  });

  test("nothing at all", async () => {
    expect(await verdict({})).toBe("nothing_given");
    expect(await verdict({ receipts: [] })).toBe("nothing_given");
    expect(await verdict({ receipts: Array<string>(33).fill(newest) })).toBe("wrong_count");
  });
});

describe("a chain that a careless issuer has signed is refused", () => {
  /** Honestly linked and signed; only the claims of one receipt are others. */
  const edited = async (index: number, change: Partial<ActorReceipt>): Promise<Chain> =>
    honestChain(issuer, {
      ...PLAN,
      edit: (claims, at) => (at === 2 - index ? { ...claims, ...change } : claims),
    });
  const stranger = { iss: ISSUER, sub: agent(9), sub_profile: "ai_agent" as const };

  test.each<[string, number, Partial<ActorReceipt>, string, string]>([
    ["another actor", 1, { act: stranger }, "wrong_actor 1", "verified"],
    [
      "an actor of another issuer",
      1,
      { act: { ...stranger, iss: "https://evil.example" } },
      "wrong_actor 1",
      "wrong_actor 1",
    ],
    [
      "an actor who was there before",
      0,
      { act: { ...stranger, sub: agent(1) } },
      "wrong_actor 0",
      "wrong_actor 2",
    ],
    ["another subject", 2, { sub: agent(8) }, "wrong_subject 2", "wrong_subject 2"],
    [
      "another transaction",
      2,
      { txn: `txn_${"9".padStart(26, "0")}` },
      "wrong_transaction 2",
      "wrong_transaction 2",
    ],
    [
      "a token that is no ancestor",
      2,
      { origin_jti: `tok_${"9".padStart(26, "0")}` },
      "wrong_origin 2",
      "verified",
    ],
    ["the token of another hop", 2, { origin_jti: chain.claims.jti }, "wrong_origin 2", "wrong_origin 2"],
    ["a scope that grew", 0, { scope: "tool:other" }, "scope_widened 0", "scope_widened 0"],
    ["a scope that grew in the middle", 1, { scope: "tool:other" }, "scope_widened 0", "scope_widened 0"],
    [
      "a narrower scope below a wider one",
      2,
      { scope: "tool:crm/read" },
      "scope_widened 1",
      "scope_widened 1",
    ],
    ["another target", 1, { target: `${ISSUER}/tools/hr` }, "target_widened 0", "target_widened 0"],
    ["a target that opened again", 0, { target: ISSUER }, "target_widened 0", "target_widened 0"],
  ])("%s", async (_what, index, change, withToken, alone) => {
    const built = await edited(index, change);
    expect(await verdict({ token: built.token })).toBe(withToken);
    expect(await verdict({ receipts: built.receipts })).toBe(alone);
  });

  test("a token that says more than its newest receipt granted", async () => {
    const wider = await honestChain(issuer, {
      ...PLAN,
      editToken: (claims) => ({ ...claims, scope: "surface" }),
    });
    const elsewhere = await honestChain(issuer, {
      ...PLAN,
      editToken: (claims) => ({ ...claims, aud: ISSUER }),
    });
    expect(await verdict({ token: wider.token })).toBe("scope_widened 0");
    expect(await verdict({ token: elsewhere.token })).toBe("target_widened 0");
  });

  test("a subject that acts for itself in its own chain", async () => {
    const begun = await honestChain(issuer, {
      hops: [WHOLE],
      user: false,
      edit: (claims) => ({ ...claims, act: { ...claims.act, sub: agent(0) } }),
    });
    expect(await verdict({ receipts: begun.receipts })).toBe("wrong_actor 0");
  });
});

describe("for every chain", () => {
  const scopes = ["surface", "tool:crm", "tool:crm/read"];
  const targets = [ISSUER, CRM];
  /** Two random walks that only ever go down: what an honest service can have issued. */
  const plan = fc
    .array(fc.record({ scope: fc.nat(2), target: fc.nat(1) }), { minLength: 1, maxLength: 8 })
    .chain((steps) =>
      fc.boolean().map((user): ChainPlan => {
        let [scope, target] = [0, 0];
        const hops = steps.map((step) => {
          scope = Math.max(scope, step.scope);
          target = Math.max(target, step.target);
          return { scope: scopes[scope] ?? "", target: targets[target] ?? "" };
        });
        return { hops, user };
      }),
    );

  test("what was built honestly verifies, with the token and without it", async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (built) => {
        const { token, receipts } = await honestChain(issuer, built);
        const report = await reportOf({ token });
        expect(report.hops.map(({ scope, target }) => ({ scope, target }))).toEqual(built.hops);
        expect(await verdict({ receipts })).toBe("verified");
      }),
      { numRuns: 40 },
    );
  });

  test("one other character anywhere in a token or a receipt is refused", async () => {
    const change = fc.record({
      which: fc.nat(3),
      place: fc.nat(1_000_000),
      by: fc.oneof(
        { arbitrary: fc.constantFrom(...BASE64URL, ".", "="), weight: 4 },
        fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ which, place, by }) => {
        const text = which === 3 ? chain.token : (chain.receipts[which] ?? "");
        const at = place % text.length;
        fc.pre(text[at] !== by);
        const changed = text.slice(0, at) + by + text.slice(at + 1);
        const input: ChainInput =
          which === 3
            ? { token: changed }
            : { receipts: chain.receipts.map((each, index) => (index === which ? changed : each)) };
        expect(await verdict(input)).not.toBe("verified");
      }),
      { numRuns: 600 },
    );
  });

  test("no selection of its receipts passes but the newest ones down to the oldest", async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2], { minLength: 1 }), async (picked) => {
        const receipts = picked.map((index) => chain.receipts[index] ?? "");
        const whole = picked.every((index, place) => index === 3 - picked.length + place);
        expect((await verdict({ receipts })) === "verified").toBe(whole);
      }),
    );
  });
});

/** The unused bits of a last base64url character set otherwise: what a lenient decoder takes for the same bytes. */
function respelled(character: string): string {
  const at = BASE64URL.indexOf(character);
  return BASE64URL[at ^ 1] ?? "";
}

function claimsOf(receipt: string): ActorReceipt {
  const claims = parseSegment(receipt.split(".")[1] ?? "");
  return claims as unknown as ActorReceipt;
}

test("the other spelling decodes to the same bytes, so that the test above tests something", () => {
  const signature = chain.receipts[1]?.split(".")[2] ?? "";
  const other = signature.slice(0, -1) + respelled(signature.at(-1) ?? "");
  expect(fromBase64Url(other)).toEqual(fromBase64Url(signature));
  expect(receiptHash(other)).not.toBe(receiptHash(signature));
});
