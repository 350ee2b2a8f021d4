/** `Dome-Act-As`: a call for an end user, exchanged in place (P7). */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { decision, type Decision } from "../../src/contract/check.ts";
import { agentSelf } from "../../src/contract/agent.ts";
import { answering, testIdp, type TestIdp } from "../support/test-idp.ts";
import {
  call,
  eventually,
  operator,
  problemOf,
  token,
  worker,
  type Registered,
} from "../support/worker-api.ts";
import { chainOf, exchanged, IDT } from "./exchange.fixture.ts";
import { addProvider, userHome, type UserHome } from "./users.fixture.ts";

const api = operator();
const surface = { tools: ["crm"], pools: [], integrations: [] };
const REFUSED = { status: 403, code: "actas_refused" };
const seconds = () => Math.floor(Date.now() / 1000);
let idp: TestIdp;
let other: TestIdp;
let at: UserHome;

beforeAll(async () => {
  idp = await testIdp("https://login.actas.example");
  other = await testIdp("https://login.entra.example");
  answering(idp, other);
  at = await userHome(idp);
  await addProvider(at.home, other, "entra");
});
beforeEach(() => {
  answering(idp, other);
});
afterEach(() => vi.restoreAllMocks());

const ask = (credential: string, actAs: string | null, tool = "crm") =>
  call(worker, credential, "POST", "/api/v1/check", {
    body: { tool },
    ...(actAs === null ? {} : { headers: { "dome-act-as": actAs } }),
  });
const decided = async (credential: string, actAs: string | null, tool = "crm"): Promise<Decision> =>
  decision.parse((await ask(credential, actAs, tool)).body);
const self = async (credential: string, headers: Record<string, string> = {}) =>
  agentSelf.parse((await call(worker, credential, "GET", "/api/v1/agents/self", { headers })).body);

/** An agent that acts for nobody but a verified user; `app-NAME` is bound to it. */
async function demanding(name: string, require: string): Promise<Registered> {
  const agent = await api.start({ name, workspace: at.home, surface, require_actas: require });
  await api.call("DELETE", `/identity-providers/okta?workspace=${at.home}`);
  await api.call("DELETE", `/identity-providers/entra?workspace=${at.home}`);
  const audiences = ["a", "b", name].map((each) => ({ audience: `app-${each}`, agent: each }));
  await addProvider(at.home, idp, "okta", { audiences });
  await addProvider(at.home, other, "entra", { audiences });
  return agent;
}

describe("an ID token beside the agent's own credential", () => {
  it("counts with the raw key and with the agent's own token, as often as wanted while it is fresh", async () => {
    const idToken = await at.idToken();
    for (const credential of [at.a.secret, await token(at.a.secret), at.a.secret])
      expect(await decided(credential, idToken)).toMatchObject({ decision: "allow" });
    const nineMinutes = await at.idToken({ iat: seconds() - 540 });
    expect(await decided(at.a.secret, nineMinutes)).toMatchObject({ decision: "allow" });
  });

  it("widens nothing: what the agent has not declared stays denied", async () => {
    expect(await decided(at.a.secret, await at.idToken(), "ghost")).toMatchObject({
      reason: "surface_undeclared",
    });
    const narrow = await token(at.a.secret, { scope: "tool:mail" });
    expect(await decided(narrow, await at.idToken())).toMatchObject({ reason: "scope_insufficient" });
  });

  it("is in the record of the decision as the user's id, never as the token (P4)", async () => {
    const idToken = await at.idToken({ sub: "grace" });
    const { decision_id } = await decided(at.a.secret, idToken);
    const records = await api.auditWith(1, {
      workspace: at.home,
      kind: "decision",
      user: at.userOf("grace"),
    });
    expect(records[0]).toMatchObject({ decision_id, agent: at.a.id, user: { id: at.userOf("grace") } });
    expect(JSON.stringify(records)).not.toContain(idToken);
    expect(JSON.stringify(await api.explain(decision_id, at.home))).not.toContain(idToken);
  });
});

describe("403 actas_refused", () => {
  it("for who acts for somebody already: a header puts no other user at the end of a chain", async () => {
    const idToken = await at.idToken();
    const subject = { subject_token: idToken, subject_token_type: IDT };
    const forUser = await exchanged(at.a, subject);
    const forAgent = await chainOf(at.b, at.a);
    for (const credential of [forUser.token, forAgent])
      expect(problemOf(await ask(credential, idToken))).toMatchObject(REFUSED);
  });

  it.each<[string, () => Promise<string> | string]>([
    [
      "a provider that nobody trusts",
      async () => (await testIdp("https://nobody.example")).sign({ sub: "ada", aud: "app-a" }),
    ],
    ["an audience of another agent", () => at.idToken({ aud: "app-b" })],
    [
      "older than ten minutes, although it has not expired",
      () => at.idToken({ iat: seconds() - 605, exp: seconds() + 600 }),
    ],
    ["expired", () => at.idToken({ iat: seconds() - 60, exp: seconds() - 1 })],
    ["garbage", () => "garbage"],
    ["three parts of garbage", () => "a.b.c"],
    ["the agent's own key", () => at.a.secret],
    ["the agent's own token", () => token(at.a.secret)],
    ["may_act for somebody else", () => at.idToken({ may_act: { sub: at.b.id } })],
    ["a signature of somebody else", () => other.sign({ iss: idp.issuer, sub: "ada", aud: "app-a" })],
  ])("for %s", async (_what, make) => {
    const answer = await ask(at.a.secret, await make());
    expect(problemOf(answer)).toMatchObject(REFUSED);
    expect(JSON.stringify(answer.body)).not.toContain(at.a.secret);
  });

  it("an empty header is a token that nobody made, and not none", async () => {
    expect(problemOf(await ask(at.a.secret, ""))).toMatchObject(REFUSED);
  });

  it("never before the agent is known: with a dead key it is 401 as ever (P11)", async () => {
    expect((await ask("dome_at_nobody", await at.idToken())).status).toBe(401);
  });
});

describe("an agent that acts for nobody but a verified user (P7)", () => {
  it("oidc: any provider of the workspace, with key, token and exchange; without a user nothing", async () => {
    const agent = await demanding("any", "oidc");
    const [byOkta, byEntra] = [
      await idp.sign({ sub: "ada", aud: "app-any" }),
      await other.sign({ sub: "ada", aud: "app-any" }),
    ];
    for (const credential of [agent.secret, await token(agent.secret)]) {
      expect(await decided(credential, null)).toMatchObject({ decision: "deny", reason: "actas_required" });
      expect(await decided(credential, byOkta)).toMatchObject({ decision: "allow" });
      expect(await decided(credential, byEntra)).toMatchObject({ decision: "allow" });
    }
    const held = await exchanged(agent, { subject_token: byOkta, subject_token_type: IDT });
    expect(await decided(held.token, null)).toMatchObject({ decision: "allow" });
  });

  it("oidc:NAME: from this provider alone", async () => {
    const agent = await demanding("picky", "oidc:okta");
    const [byOkta, byEntra] = [
      await idp.sign({ sub: "ada", aud: "app-picky" }),
      await other.sign({ sub: "ada", aud: "app-picky" }),
    ];
    expect(await decided(agent.secret, null)).toMatchObject({ reason: "actas_required" });
    expect(await decided(agent.secret, byEntra)).toMatchObject({
      decision: "deny",
      reason: "actas_provider",
    });
    expect(await decided(agent.secret, byOkta)).toMatchObject({ decision: "allow" });
    const held = await exchanged(agent, { subject_token: byEntra, subject_token_type: IDT });
    expect(await decided(held.token, null)).toMatchObject({ reason: "actas_provider" });

    const withUser = await decided(agent.secret, byOkta);
    expect(withUser.reason).toBe("permitted");
    await api.call("DELETE", `/identity-providers/okta?workspace=${at.home}`);
    await eventually(async () => expect(problemOf(await ask(agent.secret, byOkta))).toMatchObject(REFUSED));
  });
});

describe("agents/self shows what decisions are made on", () => {
  it("with key, token, act-as and chain", async () => {
    const own = await userHome(idp);
    const link = (agent: Registered, name: string) => ({
      agent: agent.id,
      name,
      owner: agent.created.agent.owner,
      tier: "standard",
    });
    for (const credential of [own.a.secret, await token(own.a.secret)]) {
      const { context } = await self(credential, { "user-agent": "test/1" });
      expect(context).toMatchObject({
        chain: [link(own.a, "a")],
        actas: null,
        txn: null,
        request: { method: "GET", user_agent: "test/1" },
        policy: { tier: "standard", freshness: "leased", max_chain_depth: 4, require_actas: [] },
      });
    }
    const claims = { email: "ada@example.com", email_verified: true, groups: ["support"] };
    const ada = { user: own.userOf("ada"), provider: "okta", email: "ada@example.com", groups: ["support"] };
    const actAs = await self(own.a.secret, { "dome-act-as": await own.idToken(claims) });
    expect(actAs.context).toMatchObject({ chain: [link(own.a, "a")], actas: ada, txn: null });

    const subject = { subject_token: await own.idToken(claims), subject_token_type: IDT };
    const first = await exchanged(own.a, subject);
    const second = await exchanged(own.b, { subject_token: first.token });
    const { context } = await self(second.token);
    expect(context).toMatchObject({
      chain: [link(own.b, "b"), link(own.a, "a")],
      actas: ada,
      txn: first.claims.txn,
    });
  });
});

describe("a user who is stopped", () => {
  it("is stopped at the header too, and after a resume wants a fresh ID token (P3)", async () => {
    const own = await userHome(idp);
    const idToken = await own.idToken({ iat: seconds() - 5 });
    expect(await decided(own.a.secret, idToken)).toMatchObject({ decision: "allow" });
    await api.stopUser(own.home, "stop?wait=effective", { body: { issuer: idp.issuer, subject: "ada" } });
    expect((await ask(own.a.secret, idToken)).status).toBe(401);
    expect(await decided(own.a.secret, null)).toMatchObject({ decision: "allow" });
    await api.stopUser(own.home, "resume", { body: { user: own.userOf("ada") } });
    // The provider's clock may be a minute ahead: what may be from before the stop counts as from before it.
    expect((await ask(own.a.secret, await own.idToken({ iat: seconds() + 50 }))).status).toBe(401);
    await eventually(async () => {
      const fresh = await own.idToken({ iat: seconds() + 60 });
      expect(await decided(own.a.secret, fresh)).toMatchObject({ decision: "allow" });
    });
    expect((await ask(own.a.secret, idToken)).status).toBe(401);
  });
});
