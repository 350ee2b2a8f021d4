/** Identity providers over the API, with a provider that answers from memory: trust, test, use, distrust. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, test, vi } from "vitest";
import {
  identityProvider,
  identityProviderTest,
  type IdentityProviderTest,
  type IdentityProviderView,
} from "../../src/contract/identity-provider.ts";
import type { AgentId, WorkspaceId } from "../../src/kernel/ids.ts";
import { cedarModule } from "../../src/cedar-module.ts";
import { parseEnv } from "../../src/env.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { services } from "../../src/wire.ts";
import { answeringWith, testIdp } from "../support/test-idp.ts";
import {
  freshWorkspace,
  like,
  operator,
  operatorToken,
  problemOf,
  type Registered,
} from "../support/worker-api.ts";

const ISSUER = "https://login.idp.example";
const PATH = "/identity-providers";
const api = operator();

let home: string;
let workspace: WorkspaceId;
let triage: Registered;
let other: Registered;
let sign: (change?: Readonly<Record<string, unknown>>) => Promise<string>;
let documents: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  home = await freshWorkspace();
  workspace = (await api.showWorkspace(home)).id;
  triage = await api.start({ name: "triage", workspace: home });
  other = await api.start({ name: "other", workspace: home });
  const idp = await testIdp(ISSUER);
  documents = idp.documents();
  sign = (change = {}) => idp.sign({ aud: "support-app", sub: "00u1", ...change });
});

afterEach(() => vi.restoreAllMocks());

/** What the provider answers, and which addresses were asked for. */
const listening = (answers: Readonly<Record<string, unknown>> = documents): readonly string[] =>
  answeringWith((address) => answers[address]);

let made = 0;
const body = (change: object = {}) => ({
  name: `idp-${(made += 1)}`,
  workspace: home,
  issuer: ISSUER,
  audiences: [{ audience: "support-app", agent: "triage" }],
  ...change,
});

async function add(change: object = {}): Promise<IdentityProviderView> {
  const { status, body: said } = await api.call("POST", PATH, { body: body(change) });
  if (status !== 201) throw new Error(JSON.stringify(said));
  return identityProvider.parse(said);
}

const remove = (name: string, options = {}) =>
  api.call("DELETE", `${PATH}/${name}?workspace=${home}`, options);

async function tested(name: string, request: object): Promise<IdentityProviderTest> {
  const answer = await api.call("POST", `${PATH}/${name}/test?workspace=${home}`, { body: request });
  return identityProviderTest.parse(answer.body);
}

describe("an identity provider", () => {
  it("is added with safe defaults, shown and listed with the agents by name, and removed", async () => {
    const added = await add();
    expect(added).toEqual({
      id: like(/^idp_/),
      name: added.name,
      workspace_id: workspace,
      description: null,
      issuer: ISSUER,
      test: false,
      audiences: [{ audience: "support-app", agent: triage.id, agent_name: "triage" }],
      audience_scope: "agent",
      authorized_parties: [],
      algorithms: ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"],
      subject_claim: "sub",
      email_claim: "email",
      groups_claim: null,
      tenant: null,
      max_age_seconds: 600,
      max_auth_age_seconds: null,
      acr_values: [],
      created_at: like(/Z$/),
      version: 1,
    });
    const shown = await api.call("GET", `${PATH}/${added.name}?workspace=${home}`);
    expect(shown.body).toEqual(added);
    const listed = await api.call("GET", `${PATH}?workspace=${home}`);
    expect(listed.body).toEqual({ items: [added], next_cursor: null });
    expect((await remove(added.name)).body).toEqual({ name: added.name, removed: true });
    expect((await api.call("GET", `${PATH}/${added.name}?workspace=${home}`)).status).toBe(404);
  });

  it("raises the configuration epoch both times, and stands in the trail with how far it reaches", async () => {
    const audited = await freshWorkspace("audited");
    const before = (await api.showWorkspace(audited)).config_epoch;
    const open = { audiences: [{ audience: "portal" }], audience_scope: "workspace" };
    const added = await add({ ...open, workspace: audited });
    await api.call("DELETE", `${PATH}/${added.name}?workspace=${audited}`);
    expect((await api.showWorkspace(audited)).config_epoch).toBe(before + 2);
    const records = await api.auditWith(2, { workspace: audited, kind: "idp.*", order: "oldest" });
    expect(records.map(({ kind }) => kind)).toEqual(["idp.added", "idp.removed"]);
    expect(records[0]?.data).toEqual({
      id: added.id,
      issuer: ISSUER,
      test: false,
      audience_scope: "workspace",
      audiences: [{ audience: "portal", agent: null }],
      authorized_parties: [],
      algorithms: ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"],
      tenant: null,
      max_age_seconds: 600,
      acr_values: [],
    });
  });

  it("is added and removed once under one Idempotency-Key (P12)", async () => {
    const request = { body: body(), key: "add-once" };
    const first = await api.call("POST", PATH, request);
    expect(first.status).toBe(201);
    expect(await api.call("POST", PATH, request)).toMatchObject({ status: 201, body: first.body });
    const { name } = identityProvider.parse(first.body);
    const removal = await remove(name, { key: "remove-once" });
    expect(await remove(name, { key: "remove-once" })).toMatchObject({ status: 200, body: removal.body });
    expect((await remove(name)).status).toBe(404);
  });

  it("of Entra is written for many tenants and trusted for one (ID-1)", async () => {
    const issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
    const refused = await api.call("POST", PATH, { body: body({ issuer }) });
    expect(problemOf(refused)).toEqual({ status: 400, code: "invalid_request", members: ["tenant"] });
    const added = await add({ issuer, tenant: "t-1" });
    expect(added.issuer).toBe("https://login.microsoftonline.com/t-1/v2.0");
    await remove(added.name);
  });

  it("has a name and an issuer of its own in the workspace", async () => {
    const { name } = await add();
    const sameName = await api.call("POST", PATH, { body: body({ name, issuer: "https://b.example" }) });
    expect(problemOf(sameName)).toEqual({ status: 409, code: "name_taken", members: ["name"] });
    const sameIssuer = await api.call("POST", PATH, { body: body() });
    expect(problemOf(sameIssuer)).toEqual({ status: 409, code: "name_taken", members: ["issuer"] });
    await remove(name);
  });

  test.each([
    ["http://login.example.com", "issuer"],
    ["https://169.254.169.254", "issuer"],
    ["https://localhost:8443", "issuer"],
    ["https://login.example.com/?x=1", "issuer"],
    ["https://user@login.example.com", "issuer"],
  ])("is not at %s (ID-1)", async (issuer, member) => {
    const refused = await api.call("POST", PATH, { body: body({ issuer }) });
    expect(problemOf(refused)).toEqual({ status: 400, code: "invalid_request", members: [member] });
  });

  test.each([
    [{ audiences: [] }, "invalid_request", "audiences"],
    [{ audiences: [{ audience: "a" }] }, "invalid_request", "audiences.0.agent"],
    [{ audiences: [{ audience: "a", agent: "nobody" }] }, "unknown_reference", "audiences.0.agent"],
    [
      { audiences: [1, 2].map(() => ({ audience: "a", agent: "triage" })) },
      "invalid_request",
      "audiences.1.agent",
    ],
    [{ algorithms: ["HS256"] }, "invalid_request", "algorithms.0"],
    [{ algorithms: ["none"] }, "invalid_request", "algorithms.0"],
    [{ max_age_seconds: 29 }, "invalid_request", "max_age_seconds"],
    [{ max_age_seconds: 3_601 }, "invalid_request", "max_age_seconds"],
  ])("is not added with %j (ID-2, ID-4)", async (change, code, member) => {
    expect(problemOf(await api.call("POST", PATH, { body: body(change) }))).toMatchObject({
      code,
      members: [member],
    });
  });

  it("is bound to no agent of another workspace, also not by its id", async () => {
    const elsewhere = await api.register({ name: "away", workspace: await freshWorkspace() });
    const audiences = [{ audience: "a", agent: elsewhere.id }];
    expect(problemOf(await api.call("POST", PATH, { body: body({ audiences }) }))).toMatchObject({
      code: "unknown_reference",
    });
  });

  it("shows a developer no agent of another steward", async () => {
    const developer = operator(await operatorToken({ role: "developer", subject: "dev@example.com" }));
    await api.register({ name: "hers", workspace: home, owner: "dev@example.com" });
    const added = await add({
      audiences: [
        { audience: "a", agent: "triage" },
        { audience: "b", agent: "hers" },
      ],
    });
    const seen = identityProvider.parse(
      (await developer.call("GET", `${PATH}/${added.name}?workspace=${home}`)).body,
    );
    expect(seen.audiences.map(({ audience, agent_name: name }) => [audience, name])).toEqual([["b", "hers"]]);
    await remove(added.name);
  });
});

describe("testing an identity provider", () => {
  it("says what it publishes, and for each bound agent what is made of a token", async () => {
    const asked = listening();
    const audiences = [
      { audience: "support-app", agent: "triage" },
      { audience: "other-app", agent: "other" },
    ];
    const { name } = await add({ audiences });
    const token = await sign();
    expect(await tested(name, { token })).toEqual({
      name,
      issuer: ISSUER,
      ok: false,
      discovery: { url: `${ISSUER}/.well-known/openid-configuration`, ok: true, detail: "ok" },
      keys: {
        url: `${ISSUER}/keys`,
        ok: true,
        detail: "ok",
        usable: [{ kid: "k1", algorithms: ["ES256"] }],
        ignored: 0,
      },
      verdicts: [
        {
          agent: triage.id,
          agent_name: "triage",
          ok: true,
          detail: "ok",
          audience: "support-app",
          user: like(/^usr_[0-9a-z]{26}$/),
        },
        {
          agent: other.id,
          agent_name: "other",
          ok: false,
          detail: "audience_not_bound",
          audience: null,
          user: null,
        },
      ],
    });
    expect(await tested(name, { token, agent: "triage" })).toMatchObject({ ok: true });
    expect(await tested(name, {})).toMatchObject({ ok: true, verdicts: [] });
    expect(asked).toHaveLength(6);
    await remove(name);
  });

  it("says where a good token has left the groups out, because they are too many", async () => {
    listening();
    const { name } = await add({ groups_claim: "groups" });
    const token = await sign({ hasgroups: true });
    const verdict = { ok: true, detail: "groups_overage" };
    expect(await tested(name, { token, agent: "triage" })).toMatchObject({ ok: true, verdicts: [verdict] });
    await remove(name);
  });

  it("says what is wrong with its documents", async () => {
    const { name } = await add();
    const [discovery = ""] = Object.keys(documents);
    const detail = async (answers: Readonly<Record<string, unknown>>) => {
      listening(answers);
      const seen = await tested(name, {});
      return { discovery: seen.discovery.detail, keys: seen.keys.detail, ok: seen.ok };
    };
    expect(await detail({})).toEqual({ discovery: "unreachable", keys: "no_discovery", ok: false });
    expect(await detail({ [discovery]: { issuer: "https://evil.example", jwks_uri: ISSUER } })).toEqual({
      discovery: "another_issuer",
      keys: "no_discovery",
      ok: false,
    });
    const inside = { issuer: ISSUER, jwks_uri: "https://169.254.169.254/keys" };
    expect(await detail({ [discovery]: inside })).toEqual({ discovery: "ok", keys: "ip_address", ok: false });
    expect(await detail({ ...documents, [`${ISSUER}/keys`]: { keys: [] } })).toEqual({
      discovery: "ok",
      keys: "no_usable_key",
      ok: false,
    });
    await remove(name);
  });

  it("takes a user's token there and nowhere else, and none of Dome's own (P4)", async () => {
    listening();
    const { name } = await add();
    const token = await sign();
    const path = `${PATH}/${name}/test?workspace=${home}`;
    const answer = await api.call("POST", path, { body: { token } });
    expect(answer.status).toBe(200);
    expect(JSON.stringify(answer.body)).not.toContain(token.slice(0, 20));
    for (const wrong of [{ agent: token }, { token, agent: triage.secret }, { token: triage.secret }]) {
      const refused = await api.call("POST", path, { body: wrong });
      expect(refused.status).toBe(400);
    }
    const added = await api.call("POST", PATH, { body: body({ description: token }) });
    expect(problemOf(added)).toMatchObject({ code: "invalid_request" });
    const { results } = await env.DB.prepare("SELECT * FROM idempotency").all();
    expect(JSON.stringify(results)).not.toContain(token);
    await remove(name);
  });
});

describe("made-up users", () => {
  const testIssuer = "http://127.0.0.1:8788/dome-test-users";

  it("are offered by the embedded server alone: elsewhere the variable stops the Worker", () => {
    const offering = { ...env, DOME_TEST_ISSUER: testIssuer };
    expect(() => parseEnv(offering as never, systemClock)).toThrow("DOME_TEST_ISSUER is only for the server");
    expect(parseEnv({ ...env, DOME_TEST_ISSUER: "" } as never, systemClock).testIssuer).toBe(null);
  });

  it("are no users here, although an entry for them came along with the database (P7)", async () => {
    const issuer = "https://login.idp.example/dome-test-users";
    const idp = await testIdp(issuer);
    const asked = listening(idp.documents());
    const added = await add({ issuer });
    expect(added.test).toBe(true);
    const { access } = await services(env, createExecutionContext(), cedarModule);
    const token = await idp.sign({ aud: "support-app", sub: "00u1" });
    const configEpoch = (await api.showWorkspace(home)).config_epoch;
    const question = { workspace, configEpoch, agent: triage.id as AgentId, token };
    expect(await access.userTokens.verify(question)).toEqual({ ok: false, error: { kind: "test_issuer" } });
    expect(asked).toEqual([]);
    const seen = await tested(added.name, { token });
    expect(seen.verdicts.map(({ detail }) => detail)).toEqual(["test_issuer"]);
    await remove(added.name);
  });
});

describe("the users of an identity provider", () => {
  it("are verified for the bound agent until the provider is removed (ID-1, ID-4)", async () => {
    listening();
    const { name, id } = await add();
    const token = await sign({ email: "ada@example.com", email_verified: true });
    const { access } = await services(env, createExecutionContext(), cedarModule);
    const ask = async (agent: string) => {
      const configEpoch = (await api.showWorkspace(home)).config_epoch;
      const question = { workspace, configEpoch, agent: agent as AgentId, token };
      return access.userTokens.verify(question);
    };
    expect(await ask(triage.id)).toMatchObject({
      ok: true,
      value: { provider: id, providerName: name, subject: "00u1", email: "ada@example.com" },
    });
    expect(await ask(other.id)).toEqual({ ok: false, error: { kind: "audience_not_bound" } });
    await remove(name);
    expect(await ask(triage.id)).toEqual({ ok: false, error: { kind: "unknown_issuer" } });
  });
});
