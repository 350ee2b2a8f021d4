/** The worked examples of the specification brief (E1 to E10), spelt out: an end user, agent A for the user, B for A. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { receiptHash } from "../../src/delegation/receipt.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { basic, claimsOf, introspect, signClaims } from "../support/oauth-doors.ts";
import { answering, testIdp, type TestIdp } from "../support/test-idp.ts";
import { call, eventually, heard, like, operator, token, worker } from "../support/worker-api.ts";
import {
  actor,
  AT,
  exchange,
  exchanged,
  IDT,
  peers,
  refusal,
  TOKEN_PATH,
  TTE,
  type Exchanged,
} from "./exchange.fixture.ts";
import { userHome, type UserHome } from "./users.fixture.ts";

const CRM = `${TEST_ISSUER}/mcp/crm`;
const READ = "tool:crm/read";
const WRITE = "tool:crm/write";
const api = operator();
let idp: TestIdp;
let at: UserHome;

beforeAll(async () => {
  idp = await testIdp("https://login.golden.example");
  answering(idp);
  at = await userHome(idp);
});
beforeEach(() => {
  answering(idp);
});
afterEach(() => vi.restoreAllMocks());

/** E1: the user, through agent A. */
const userToA = async (claims = {}, form = {}): Promise<Exchanged> =>
  exchanged(at.a, {
    subject_token: await at.idToken(claims),
    subject_token_type: IDT,
    actor_token: await token(at.a.secret),
    actor_token_type: AT,
    resource: CRM,
    scope: READ,
    ...form,
  });
/** E2: agent B for what agent A holds. */
const aToB = async (held: string, form = {}) =>
  exchange(at.b, {
    subject_token: held,
    actor_token: await token(at.b.secret),
    actor_token_type: AT,
    ...form,
  });

describe("E1: user to A", () => {
  it("E1: A gets a token that says who it acts for, with the receipt of the hop", async () => {
    const { body, claims, receipts, token: issued } = await userToA();
    expect(body).toEqual({
      access_token: issued,
      issued_token_type: AT,
      token_type: "Bearer",
      expires_in: claims.exp - claims.iat,
      scope: READ,
    });
    expect(body.expires_in).toBeGreaterThan(290);
    expect(body.expires_in).toBeLessThanOrEqual(300);
    const header = JSON.parse(atob(issued.split(".")[0] ?? "")) as Record<string, unknown>;
    expect(header).toEqual({ typ: "at+jwt", alg: "ES256", kid: like(/./) });
    expect(claims).toEqual({
      iss: TEST_ISSUER,
      aud: CRM,
      sub: at.userOf("ada"),
      sub_profile: "user",
      client_id: at.a.id,
      scope: READ,
      act: { iss: TEST_ISSUER, sub: at.a.id, sub_profile: "ai_agent" },
      txn: like(/^txn_/),
      iat: claims.iat,
      exp: claims.exp,
      jti: like(/^tok_/),
      actor_receipts: [like(/^eyJ/)],
      actor_receipts_complete: true,
      dome: {
        workspace: at.workspace,
        name: "a",
        tier: "standard",
        chain: [{ agent: at.a.id, epoch: 2, key: at.a.key }],
        halt_epoch: 1,
        provider: at.provider,
        user_epoch: 0,
        path: [claims.jti],
      },
    });
    expect(receipts).toEqual([
      {
        iss: TEST_ISSUER,
        sub: at.userOf("ada"),
        act: { iss: TEST_ISSUER, sub: at.a.id, sub_profile: "ai_agent" },
        iat: claims.iat,
        jti: like(/^rct_/),
        origin_jti: claims.jti,
        txn: claims.txn,
        scope: READ,
        target: CRM,
        basis: `idp:${at.provider}`,
      },
    ]);
  });
});

describe("E2: A to B", () => {
  it("E2: B becomes the actor, A stays behind it; user and transaction stay; the receipts are linked", async () => {
    const first = await userToA();
    const answer = await aToB(first.token);
    expect(answer.status).toBe(200);
    const second = await exchanged(at.b, { subject_token: first.token });
    expect(second.claims).toMatchObject({
      aud: CRM,
      sub: at.userOf("ada"),
      sub_profile: "user",
      client_id: at.b.id,
      scope: READ,
      act: { ...actor(at.b), act: actor(at.a) },
      txn: first.claims.txn,
      actor_receipts_complete: true,
      dome: { provider: at.provider, path: [first.claims.jti, second.claims.jti] },
    });
    expect(second.claims.dome.chain.map((link) => link.agent)).toEqual([at.b.id, at.a.id]);
    expect(second.claims.exp).toBeLessThanOrEqual(first.claims.exp);
    const [older = ""] = first.claims.actor_receipts ?? [];
    expect(second.claims.actor_receipts?.[1]).toBe(older);
    expect(second.receipts).toMatchObject([
      {
        sub: at.userOf("ada"),
        act: actor(at.b),
        origin_jti: second.claims.jti,
        prh: receiptHash(older),
        txn: first.claims.txn,
        scope: READ,
        target: CRM,
        basis: "delegates_to",
      },
      { sub: at.userOf("ada"), act: actor(at.a), txn: first.claims.txn, basis: `idp:${at.provider}` },
    ]);
    expect(Object.keys(second.receipts[1] ?? {})).not.toContain("prh");
  });

  it("E2: the trail tells the story of the transaction", async () => {
    const first = await userToA();
    const second = await exchanged(at.b, { subject_token: first.token });
    const { txn = "" } = first.claims;
    const records = await eventually(async () => {
      const entries = await api.audit({
        workspace: at.home,
        kind: "token.exchanged",
        user: at.userOf("ada"),
      });
      const story = entries.filter((entry) => entry.txn === txn);
      expect(story).toHaveLength(2);
      return story;
    });
    const byAgent = new Map(records.map((entry) => [entry.agent, entry]));
    expect(byAgent.get(at.a.id)).toMatchObject({
      target: { type: "token", id: first.claims.jti },
      data: { subject_jti: null, subject_type: "id_token", scope: READ, basis: `idp:${at.provider}` },
    });
    expect(byAgent.get(at.b.id)).toMatchObject({
      target: { type: "token", id: second.claims.jti },
      data: {
        subject_jti: first.claims.jti,
        subject_type: "access_token",
        scope: READ,
        basis: "delegates_to",
      },
    });
  });
});

describe("E3 to E6: what is refused", () => {
  it("E3: a scope that is wider: 400 invalid_scope", async () => {
    const { token: held } = await userToA();
    for (const scope of [WRITE, "tool:crm", "surface", `${READ} ${WRITE}`])
      expect(refusal(await aToB(held, { scope }))).toBe("400 invalid_scope");
  });

  it("E4: a chain that is deeper than the strictest tier allows: 400 invalid_request", async () => {
    const { d, e } = await peers(at.home, ["d", "e"]);
    await api.update(at.c.id, { delegates_to: ["d"] });
    let held = (await userToA()).token;
    for (const agent of [at.b, at.c, d]) held = (await exchanged(agent, { subject_token: held })).token;
    expect(claimsOf(held).dome.chain).toHaveLength(4);
    expect(refusal(await exchange(e, { subject_token: held }))).toBe("400 invalid_request chain_too_deep");
  });

  it("E5: A to B to A: 400 invalid_request", async () => {
    const { token: held } = await userToA();
    const ofB = (await exchanged(at.b, { subject_token: held })).token;
    expect(refusal(await exchange(at.a, { subject_token: ofB }))).toBe("400 invalid_request chain_loop");
  });

  it("E6: B authenticates and shows A's token as its own: 400 invalid_request", async () => {
    const { token: held } = await userToA();
    const splice = { actor_token: await token(at.a.secret) };
    expect(refusal(await aToB(held, splice))).toBe("400 invalid_request actor_mismatch");
  });
});

describe("E7: A is suspended", () => {
  it("E7: nothing is made of what A handed on, no door takes it, and introspection says inactive", async () => {
    const own = await userHome(idp);
    const subject_token = await own.idToken();
    const first = await exchanged(own.a, { subject_token, subject_token_type: IDT });
    const second = await exchanged(own.b, { subject_token: first.token });
    expect(await heard(second.token, { tool: "crm" })).toBe("permitted");
    await api.stop(own.a.id, "suspend?wait=effective");

    const refused = await call(worker, second.token, "POST", "/api/v1/check", { body: { tool: "crm" } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain('Bearer error="invalid_token"');
    const inactive = await introspect(basic(own.b.id, own.b.secret), second.token);
    expect(inactive.text).toBe('{"active":false}');
    const DEAD = "400 invalid_request subject_token_invalid";
    expect(refusal(await exchange(own.b, { subject_token: first.token }))).toBe(DEAD);
    expect(refusal(await exchange(own.c, { subject_token: second.token }))).toBe(DEAD);
  });
});

describe("E8 to E10", () => {
  it("E8: an expired subject token: 400 invalid_request, not invalid_grant", async () => {
    const { claims } = await userToA();
    const now = Math.floor(Date.now() / 1000);
    const expired = await signClaims({ ...claims, iat: now - 301, exp: now - 1 });
    expect(refusal(await aToB(expired))).toBe("400 invalid_request subject_token_invalid");
    const idToken = await at.idToken({ iat: now - 400, exp: now - 1 });
    const answer = await exchange(at.a, { subject_token: idToken, subject_token_type: IDT });
    expect(refusal(answer)).toBe("400 invalid_request subject_expired");
  });

  it("E9: actor_token_type alone: 400 invalid_request", async () => {
    const { token: held } = await userToA();
    const answer = await exchange(at.b, { subject_token: held, actor_token_type: AT });
    expect(refusal(answer)).toBe("400 invalid_request");
  });

  it("E10: two targets: 400 invalid_target, and no token", async () => {
    const form = new URLSearchParams({
      grant_type: TTE,
      subject_token: await at.idToken(),
      subject_token_type: IDT,
    });
    form.append("resource", CRM);
    form.append("resource", `${TEST_ISSUER}/mcp/mail`);
    const response = await worker(
      new Request(TEST_ISSUER + TOKEN_PATH, {
        method: "POST",
        headers: {
          authorization: basic(at.a.id, at.a.secret),
          "content-type": "application/x-www-form-urlencoded",
        },
        body: form.toString(),
      }),
    );
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: "invalid_target",
      error_description: "A token has one target: send one resource or audience",
    });
  });
});
