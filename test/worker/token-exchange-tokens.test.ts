/** The tokens of an exchange: what is accepted as subject and as actor (RFC 8693 §2.1, §2.2.2). */
import { beforeAll, describe, expect, it } from "vitest";
import type { CallTokenClaims } from "../../src/contract/call-token.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { basic, claimsOf, revoke, signClaims } from "../support/oauth-doors.ts";
import { check, freshWorkspace, ids, operator, token, type Registered } from "../support/worker-api.ts";
import { AT, catalogOf, chainOf, exchange, exchanged, JWT, peers, refusal } from "./exchange.fixture.ts";

const SUBJECT = "400 invalid_request subject_token_invalid";
const ACTOR = "400 invalid_request actor_token_invalid";
const api = operator();
let home: string;
let a: Registered;
let b: Registered;
let c: Registered;
let ofA: string;
let ofB: string;

beforeAll(async () => {
  home = await freshWorkspace();
  await catalogOf(home);
  ({ a, b, c } = await peers(home, ["a", "b", "c"]));
  ofA = await token(a.secret);
  ofB = await token(b.secret);
});

const b64 = (value: unknown): string =>
  btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const headerOf = (text: string): Record<string, unknown> =>
  JSON.parse(atob(text.split(".")[0] ?? "")) as Record<string, unknown>;
const withHeader = (text: string, change: object): string =>
  [b64({ ...headerOf(text), ...change }), ...text.split(".").slice(1)].join(".");
const seconds = () => Math.floor(Date.now() / 1000);

const hostile: readonly (readonly [string, (good: string) => Promise<string> | string])[] = [
  ["garbage", () => "garbage"],
  ["three empty parts", () => ".."],
  ["expired (E8)", (good) => signClaims({ ...claimsOf(good), iat: seconds() - 301, exp: seconds() - 1 })],
  ["of another issuer", (good) => signClaims({ ...claimsOf(good), iss: "https://other.example" })],
  ["not yet valid", (good) => signClaims({ ...claimsOf(good), nbf: seconds() + 120 })],
  ["from the future", (good) => signClaims({ ...claimsOf(good), iat: seconds() + 90, exp: seconds() + 200 })],
  [
    "with a signature of something else",
    async (good) => {
      const other = await signClaims({ ...claimsOf(good), scope: "tool:crm" });
      return [...good.split(".").slice(0, 2), other.split(".")[2]].join(".");
    },
  ],
  ["without a signature", (good) => `${good.split(".").slice(0, 2).join(".")}.`],
  ["of algorithm none", (good) => `${withHeader(good, { alg: "none" }).split(".").slice(0, 2).join(".")}.`],
  ["of an unknown key", (good) => withHeader(good, { kid: "unknown" })],
  ["of another type", (good) => withHeader(good, { typ: "JWT" })],
  [
    "of another workspace",
    (good) => signClaims({ ...claimsOf(good), dome: { ...claimsOf(good).dome, workspace: ids.next("wsp") } }),
  ],
  ["with an old epoch", (good) => signClaims(withLink(claimsOf(good), { epoch: 0 }))],
  ["with a key that never was", (good) => signClaims(withLink(claimsOf(good), { key: ids.next("key") }))],
];

function withLink(
  claims: CallTokenClaims,
  change: Partial<CallTokenClaims["dome"]["chain"][number]>,
): CallTokenClaims {
  const [first, ...rest] = claims.dome.chain;
  if (first === undefined) throw new Error("no chain");
  return { ...claims, dome: { ...claims.dome, chain: [{ ...first, ...change }, ...rest] } };
}

describe("TX-13: what a token must be to count, and never invalid_grant", () => {
  it.each(hostile)("a subject token %s", async (_what, spoil) => {
    expect(refusal(await exchange(b, { subject_token: await spoil(ofA) }))).toBe(SUBJECT);
  });

  it.each(hostile)("an actor token %s", async (_what, spoil) => {
    const form = { subject_token: ofA, actor_token: await spoil(ofB), actor_token_type: AT };
    expect(refusal(await exchange(b, form))).toBe(ACTOR);
  });

  it("a receipt is evidence and no token", async () => {
    const { claims } = await exchanged(b, { subject_token: ofA });
    const [receipt = ""] = claims.actor_receipts ?? [];
    expect(refusal(await exchange(c, { subject_token: receipt }))).toBe(SUBJECT);
    expect(
      refusal(await exchange(c, { subject_token: ofA, actor_token: receipt, actor_token_type: AT })),
    ).toBe(ACTOR);
    expect((await check(receipt, { tool: "crm" })).status).toBe(401);
  });

  it("a key is no token", async () => {
    expect(refusal(await exchange(b, { subject_token: a.secret }))).toBe(SUBJECT);
    expect(
      refusal(await exchange(b, { subject_token: ofA, actor_token: b.secret, actor_token_type: AT })),
    ).toBe(ACTOR);
  });

  it("a revoked subject token, a revoked actor token", async () => {
    const [subject, own] = [await token(a.secret), await token(b.secret)];
    await revoke(basic(a.id, a.secret), subject);
    expect(refusal(await exchange(b, { subject_token: subject }))).toBe(SUBJECT);
    await revoke(basic(b.id, b.secret), own);
    expect(refusal(await exchange(b, { subject_token: ofA, actor_token: own, actor_token_type: AT }))).toBe(
      ACTOR,
    );
  });

  it("a client that is suspended is unauthorized_client, one that is revoked invalid_client", async () => {
    const { stopped } = await peers(home, ["stopped"]);
    await api.stop(stopped.id, "suspend?wait=effective");
    expect(refusal(await exchange(stopped, { subject_token: ofA }))).toBe(
      "400 unauthorized_client agent_suspended",
    );
    await api.stop(stopped.id, "revoke?wait=effective");
    expect(refusal(await exchange(stopped, { subject_token: ofA }))).toBe("401 invalid_client");
  });

  it("a token of another workspace is as good as none: same answer (P11)", async () => {
    const elsewhere = await freshWorkspace();
    await catalogOf(elsewhere);
    const { b: namesake } = await peers(elsewhere, ["b"]);
    expect(refusal(await exchange(namesake, { subject_token: ofA }))).toBe(SUBJECT);
    const { text } = await exchange(namesake, { subject_token: ofA });
    expect(text).toBe((await exchange(namesake, { subject_token: "garbage" })).text);
  });
});

describe("the actor", () => {
  it("TX-16, E6: the client is the actor, always: another agent's token beside it is splicing", async () => {
    const spliced = { subject_token: ofA, actor_token: await token(c.secret), actor_token_type: AT };
    expect(refusal(await exchange(b, spliced))).toBe("400 invalid_request actor_mismatch");
    const ofSubject = { subject_token: ofA, actor_token: ofA, actor_token_type: JWT };
    expect(refusal(await exchange(b, ofSubject))).toBe("400 invalid_request actor_mismatch");
  });

  it("TX-17: an actor that acts for somebody already is none", async () => {
    const delegated = await chainOf(c, b);
    const form = { subject_token: ofA, actor_token: delegated, actor_token_type: AT };
    expect(refusal(await exchange(b, form))).toBe("400 invalid_request actor_delegated");
  });

  it("with its own token or without, it is the same chain", async () => {
    const without = await exchanged(b, { subject_token: ofA });
    const beside = await exchanged(b, { subject_token: ofA, actor_token: ofB, actor_token_type: AT });
    expect(beside.claims.act).toEqual(without.claims.act);
    expect(beside.claims.dome.chain).toEqual(without.claims.dome.chain);
  });
});

describe("TX-18: whose door the subject token is made out to", () => {
  const CRM = `${TEST_ISSUER}/mcp/crm`;

  it("one for a door is exchanged for that door alone", async () => {
    const held = await token(a.secret, { resource: CRM });
    expect((await exchanged(b, { subject_token: held, resource: CRM })).claims.aud).toBe(CRM);
    for (const resource of [TEST_ISSUER, `${TEST_ISSUER}/mcp/mail`, `${TEST_ISSUER}/tools/crm`])
      expect(refusal(await exchange(b, { subject_token: held, resource }))).toBe("400 invalid_target");
  });

  it("what is exchanged for a door does not open another one", async () => {
    const held = await exchanged(b, { subject_token: ofA, resource: CRM });
    expect((await check(held.token, { tool: "crm" })).status).toBe(401);
  });

  it("one that is made out to somebody else is refused, even with our signature", async () => {
    const foreign = await signClaims({ ...claimsOf(ofA), aud: "https://elsewhere.example" });
    expect(refusal(await exchange(b, { subject_token: foreign }))).toBe(SUBJECT);
  });
});
