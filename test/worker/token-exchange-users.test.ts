/** Users as subjects of an exchange: whose word counts, for which agent, and what stops it (RFC 8693 §4.4, P7). */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { basic, claimsOf, introspect } from "../support/oauth-doors.ts";
import { answering, testIdp, type TestIdp } from "../support/test-idp.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import { call, eventually, heard, operator, token, worker } from "../support/worker-api.ts";
import { AT, exchange, exchanged, IDT, JWT, refusal, type Form } from "./exchange.fixture.ts";
import { addProvider, userHome, type UserHome } from "./users.fixture.ts";

const ASK = { tool: "crm" };
const api = operator();
const seconds = () => Math.floor(Date.now() / 1000);
let idp: TestIdp;
let stranger: TestIdp;
let at: UserHome;

beforeAll(async () => {
  idp = await testIdp("https://login.users.example");
  stranger = await testIdp("https://login.stranger.example");
  answering(idp, stranger);
  at = await userHome(idp);
});
beforeEach(() => {
  answering(idp, stranger);
});
afterEach(() => vi.restoreAllMocks());

const forUser = async (claims: object = {}, form: Form = {}) =>
  exchange(at.a, { subject_token: await at.idToken({ ...claims }), subject_token_type: IDT, ...form });
const granted = async (claims: object = {}, form: Form = {}) =>
  exchanged(at.a, { subject_token: await at.idToken({ ...claims }), subject_token_type: IDT, ...form });

describe("TX-5: what the provider's token is called", () => {
  it("id_token and jwt, never access_token: that is one of ours", async () => {
    for (const subject_token_type of [IDT, JWT])
      expect((await forUser({}, { subject_token_type })).status).toBe(200);
    expect(refusal(await forUser({}, { subject_token_type: AT }))).toBe(
      "400 invalid_request subject_token_invalid",
    );
    const ours = { subject_token: await token(at.b.secret), subject_token_type: IDT };
    expect(refusal(await exchange(at.a, ours))).toMatch(/^400 invalid_request subject_/);
  });

  it("whatever the provider signs with: RS256 as well", async () => {
    const rsa = await testIdp("https://login.rsa.example", "RS256");
    answering(rsa);
    const own = await userHome(rsa);
    for (const subject_token_type of [IDT, JWT]) {
      const { claims } = await exchanged(own.a, { subject_token: await own.idToken(), subject_token_type });
      expect(claims.sub).toBe(own.userOf("ada"));
    }
  });

  it("a user's ID token is no actor", async () => {
    const actor_token = await at.idToken();
    const answer = await forUser({}, { actor_token, actor_token_type: JWT });
    expect(refusal(answer)).toBe("400 invalid_request actor_token_invalid");
  });
});

describe("TX-13: what an ID token must be to count", () => {
  it.each<[string, object, string]>([
    ["expired", { iat: -700, exp: -1 }, "subject_expired"],
    ["older than the provider's entry allows", { iat: -700, exp: 60 }, "subject_too_old"],
    ["from the future", { iat: 300, exp: 600 }, "subject_not_yet_valid"],
  ])("%s", async (_what, { iat, exp }: { iat?: number; exp?: number }, code) => {
    const now = seconds();
    const answer = await forUser({ iat: now + (iat ?? 0), exp: now + (exp ?? 0) });
    expect(refusal(answer)).toBe(`400 invalid_request ${code}`);
  });

  it.each<[string, object, string]>([
    ["for another application", { aud: "somebody-else" }, "subject_audience_not_bound"],
    ["for an application of another agent (TX-18)", { aud: "app-b" }, "subject_audience_not_bound"],
    ["for several, and none of them says so", { aud: ["app-a", "x"] }, "subject_azp_not_allowed"],
    ["without a user", { sub: undefined }, "subject_missing_claim"],
    ["without an age", { iat: undefined }, "subject_missing_claim"],
  ])("%s", async (_what, claims, code) => {
    expect(refusal(await forUser(claims))).toBe(`400 invalid_request ${code}`);
  });

  it("of a provider that the workspace does not trust, whatever it calls itself", async () => {
    const claims = { sub: "ada", aud: "app-a" };
    const foreign = { subject_token: await stranger.sign(claims), subject_token_type: IDT };
    expect(refusal(await exchange(at.a, foreign))).toBe("400 invalid_request subject_unknown_issuer");
    const forged = await stranger.sign({ ...claims, iss: idp.issuer });
    const answer = await exchange(at.a, { subject_token: forged, subject_token_type: IDT });
    expect(refusal(answer)).toBe("400 invalid_request subject_bad_signature");
  });

  it("garbage", async () => {
    for (const subject_token of ["x", "a.b.c", at.a.secret]) {
      const answer = await exchange(at.a, { subject_token, subject_token_type: IDT });
      expect(refusal(answer)).toBe("400 invalid_request subject_malformed");
    }
  });

  it("an ID token that is presented again within its age is good again: it is no credential of the agent", async () => {
    const subject_token = await at.idToken();
    const [one, two] = [
      await exchanged(at.a, { subject_token, subject_token_type: IDT }),
      await exchanged(at.a, { subject_token, subject_token_type: IDT }),
    ];
    expect(one.claims.sub).toBe(two.claims.sub);
    expect(one.claims.txn).not.toBe(two.claims.txn);
  });
});

describe("who the user is", () => {
  it("a name of the workspace's own, never an address; e-mail and groups only as the provider vouches for them", async () => {
    const { claims } = await granted({ email: "ada@example.com", email_verified: true, groups: ["support"] });
    expect(claims).toMatchObject({ sub: at.userOf("ada"), email: "ada@example.com", groups: ["support"] });
    const unverified = await granted({ email: "ada@example.com" });
    expect(Object.keys(unverified.claims)).not.toContain("email");
  });

  it("without the groups that were too many for the token; the trail says so, of exchanges and decisions", async () => {
    const overage = { _claim_names: { groups: "src1" } };
    const { claims } = await granted({ sub: "overage", ...overage });
    expect(Object.keys(claims)).not.toContain("groups");
    const headers = { "dome-act-as": await at.idToken({ sub: "overage", ...overage }) };
    await call(worker, at.a.secret, "POST", "/api/v1/check", { body: ASK, headers });
    const records = await api.auditWith(2, { workspace: at.home, user: at.userOf("overage") });
    const data = { groups: "groups_overage" };
    expect(records).toMatchObject([
      { kind: "decision", data },
      { kind: "token.exchanged", data },
    ]);
  });

  it("they go on with the chain, and no introspection shows them", async () => {
    const first = await granted({ email: "ada@example.com", email_verified: true, groups: ["support"] });
    const second = await exchanged(at.b, { subject_token: first.token });
    expect(second.claims).toMatchObject({ email: "ada@example.com", groups: ["support"] });
    const { text } = await introspect(basic(at.b.id, at.b.secret), second.token);
    expect(JSON.parse(text)).toMatchObject({ active: true, sub: at.userOf("ada") });
    expect(text).not.toContain("ada@example.com");
  });

  it("TX-23: the token ends with the ID token", async () => {
    const { body } = await granted({ exp: seconds() + 42 });
    expect(body.expires_in).toBeLessThanOrEqual(42);
  });
});

describe("TX-33: may_act", () => {
  it("names the agent: it may, and the claim goes no further", async () => {
    for (const may_act of [{ sub: at.a.id }, { sub: at.a.id, iss: TEST_ISSUER }]) {
      const { token: issued, claims } = await granted({ may_act });
      expect(JSON.stringify(claims)).not.toContain("may_act");
      const { text } = await introspect(basic(at.a.id, at.a.secret), issued);
      expect(text).not.toContain("may_act");
    }
  });

  it("names somebody else, or nobody: nobody may", async () => {
    for (const may_act of [
      { sub: at.b.id },
      { sub: at.a.id, iss: idp.issuer },
      {},
      null,
      "a",
      [{ sub: at.a.id }],
    ])
      expect(refusal(await forUser({ may_act }))).toBe("400 invalid_request actor_unauthorized");
  });

  it("is no basis of its own: the audience must be bound all the same", async () => {
    const answer = await exchange(at.c, {
      subject_token: await at.idToken({ may_act: { sub: at.c.id } }),
      subject_token_type: IDT,
    });
    expect(refusal(answer)).toBe("400 invalid_request subject_audience_not_bound");
  });
});

describe("the holder narrows a user's token", () => {
  it("actor, user and transaction stay; the one receipt is made anew on the same basis", async () => {
    const held = await granted();
    const narrow = await exchanged(at.a, { subject_token: held.token, scope: "tool:crm" });
    expect(narrow.claims).toMatchObject({
      sub: held.claims.sub,
      act: held.claims.act,
      txn: held.claims.txn,
      scope: "tool:crm",
      dome: { provider: at.provider, path: [held.claims.jti, narrow.claims.jti] },
    });
    expect(narrow.receipts).toMatchObject([
      { basis: `idp:${at.provider}`, scope: "tool:crm", origin_jti: narrow.claims.jti },
    ]);
    expect(Object.keys(narrow.receipts[0] ?? {})).not.toContain("prh");
  });
});

describe("what stops a user", () => {
  it("a user's stop ends every token, and a resume revives none of them, nor an older ID token (P3, ID-7)", async () => {
    const own = await userHome(idp);
    const idToken = await own.idToken({ iat: seconds() - 5 });
    const form = { subject_token: idToken, subject_token_type: IDT };
    const first = await exchanged(own.a, form);
    const second = await exchanged(own.b, { subject_token: first.token });
    const other = await exchanged(own.a, { ...form, subject_token: await own.idToken({ sub: "bob" }) });
    await api.stopUser(own.home, "stop?wait=effective", { body: { issuer: idp.issuer, subject: "ada" } });
    for (const held of [first.token, second.token]) expect(await heard(held, ASK)).toBe(401);
    expect(await heard(other.token, ASK)).toBe("permitted");
    const DEAD = "400 invalid_request subject_token_invalid";
    expect(refusal(await exchange(own.b, { subject_token: first.token }))).toBe(DEAD);
    expect(refusal(await exchange(own.a, form))).toBe(DEAD);

    await api.stopUser(own.home, "resume", { body: { user: own.userOf("ada") } });
    // The provider's clock may be a minute ahead: what may be from before the stop counts as from before it.
    const doubtful = { ...form, subject_token: await own.idToken({ iat: seconds() + 50 }) };
    expect(refusal(await exchange(own.a, doubtful))).toBe(DEAD);
    const again = await eventually(async () =>
      exchanged(own.a, { ...form, subject_token: await own.idToken({ iat: seconds() + 60 }) }),
    );
    expect(claimsOf(again.token).dome.user_epoch).toBe(1);
    expect(await heard(again.token, ASK)).toBe("permitted");
    const narrow = await exchanged(own.a, { subject_token: again.token, scope: "tool:crm" });
    expect(await heard(narrow.token, ASK)).toBe("permitted");
    for (const held of [first.token, second.token]) expect(await heard(held, ASK)).toBe(401);
    expect(refusal(await exchange(own.a, form))).toBe(DEAD);
  });

  it("a provider that is removed vouches for nobody any more, not for what it vouched for before (P7)", async () => {
    const own = await userHome(idp);
    const form = { subject_token: await own.idToken(), subject_token_type: IDT };
    const held = await exchanged(own.a, form);
    expect(await heard(held.token, ASK)).toBe("permitted");
    await api.call("DELETE", `/identity-providers/okta?workspace=${own.home}`);
    await eventually(async () => expect(await heard(held.token, ASK)).toBe("actas_provider"));
    expect(refusal(await exchange(own.a, form))).toBe("400 invalid_request subject_unknown_issuer");
    expect(refusal(await exchange(own.b, { subject_token: held.token }))).toBe(
      "400 invalid_request subject_token_invalid",
    );
    expect((await introspect(basic(own.a.id, own.a.secret), held.token)).text).toBe('{"active":false}');
  });

  it("a provider's new key is taken by who asks for its keys next, and the old one is taken no more", async () => {
    const turning = await testIdp("https://login.turning.example");
    answering(turning);
    const own = await userHome(turning);
    const old = { subject_token: await own.idToken(), subject_token_type: IDT };
    expect((await exchange(own.a, old)).status).toBe(200);
    await turning.rotate();
    const elsewhere = await anotherIsolate();
    const renewed = { ...old, subject_token: await own.idToken({ sub: "bob" }) };
    const { claims } = await exchanged(own.a, renewed, elsewhere);
    expect(claims.sub).toBe(own.userOf("bob"));
    expect(refusal(await exchange(own.a, old, elsewhere))).toBe("400 invalid_request subject_unknown_key");
  });

  it("a provider that cannot be reached decides nothing: 503, and it is no refusal", async () => {
    const silent = await testIdp("https://login.silent.example");
    answering(); // nobody
    const own = await userHome(silent);
    const answer = await exchange(own.a, { subject_token: await own.idToken(), subject_token_type: IDT });
    expect(refusal(answer)).toBe("503 temporarily_unavailable");
    expect(answer.headers.get("retry-after")).toBe("1");
  });
});

describe("an audience for the whole workspace", () => {
  it("is an explicit choice: then any agent of it may act", async () => {
    const open = await testIdp("https://login.open.example");
    answering(open);
    await addProvider(at.home, open, "open", {
      audiences: [{ audience: "portal" }],
      audience_scope: "workspace",
    });
    for (const agent of [at.a, at.b, at.c]) {
      const subject_token = await open.sign({ sub: "eve", aud: "portal" });
      const { claims } = await exchanged(agent, { subject_token, subject_token_type: IDT });
      expect(claims.act?.sub).toBe(agent.id);
    }
  });
});
