/**
 * Delegation between parties that are not ours: users of a real identity provider (oidc-provider), and a client and
 * resource server that know the standards only (oauth4webapi). The built Worker runs on a real port.
 */
import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentCreated } from "../../src/contract/agent.ts";
import { TEST_ADMIN_TOKEN } from "../support/fixed-secrets.ts";
import { startProvider, type RunningProvider } from "../support/oidc-provider.ts";
import { freePort } from "../support/server.ts";
import { call, startRuntime, type Runtime } from "./runtime.fixture.ts";

const TTE = "urn:ietf:params:oauth:grant-type:token-exchange";
const AT = "urn:ietf:params:oauth:token-type:access_token";
const IDT = "urn:ietf:params:oauth:token-type:id_token";
const MINUTE = 60_000;
const ALICE = { subject: "alice", email: "alice@example.com", emailVerified: true };
const BOB = { subject: "bob", email: "bob@example.com", emailVerified: false };

/** The tests speak to a loopback address, which has no TLS. */
// oxlint-disable-next-line typescript/no-deprecated -- it is marked so that nobody uses it anywhere else
const OPEN = { [oauth.allowInsecureRequests]: true };

/** The Worker with a clock that can be set ahead: what providers' keys may do is a matter of minutes and hours. */
const CLOCK_HEADER = "x-test-clock-ahead-ms";
const MOVABLE_CLOCK = `
  import worker from "./index.js";
  export * from "./index.js";
  const real = Date.now.bind(Date);
  let ahead = 0;
  Date.now = () => real() + ahead;
  export default {
    ...worker,
    fetch(request, env, context) {
      const wanted = request.headers.get("${CLOCK_HEADER}");
      if (wanted !== null) ahead = Number(wanted);
      return worker.fetch(request, env, context);
    },
  };`;

interface Agent {
  readonly id: string;
  readonly key: string;
}

let provider: RunningProvider;
let runtime: Runtime;
let server: oauth.AuthorizationServer;
let a: Agent;
let b: Agent;

const admin = <T>(path: string, body?: object): Promise<T> =>
  call<T>(runtime.url, "POST", path, TEST_ADMIN_TOKEN, body);

async function agent(name: string, more: object = {}): Promise<Agent> {
  const surface = { tools: ["crm"], pools: [], integrations: [] };
  const made = await admin<AgentCreated>("/api/v1/agents", { name, surface, ...more });
  await admin(`/api/v1/agents/${name}/activate`);
  return { id: made.agent.id, key: made.api_key.secret ?? "" };
}

beforeAll(async () => {
  provider = await startProvider(["app-of-a", "app-of-b"]);
  const port = await freePort();
  runtime = await startRuntime({
    sink: "outbox",
    port,
    publicUrl: `http://127.0.0.1:${port}`,
    entry: MOVABLE_CLOCK,
    egressAllow: provider.issuer,
  });
  await admin("/api/v1/workspaces", { name: "default" });
  await admin("/api/v1/tools", { name: "crm" });
  b = await agent("b");
  a = await agent("a", { delegates_to: ["b"], require_actas: "oidc" });
  await admin("/api/v1/identity-providers", {
    name: "local",
    issuer: provider.issuer,
    audiences: [{ audience: "app-of-a", agent: "a" }],
    max_age_seconds: 3600,
  });
  const issuer = new URL(runtime.url);
  const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...OPEN });
  server = await oauth.processDiscoveryResponse(issuer, found);
}, 60_000);

afterAll(async () => {
  await provider.stop();
  await runtime.stop();
});

async function ownToken(client: Agent): Promise<string> {
  const auth = oauth.ClientSecretBasic(client.key);
  const who = { client_id: client.id };
  const answer = await oauth.clientCredentialsGrantRequest(server, who, auth, new URLSearchParams(), OPEN);
  return (await oauth.processClientCredentialsResponse(server, who, answer)).access_token;
}

async function exchange(
  client: Agent,
  subject: string,
  type: string,
  more: Record<string, string> = {},
): Promise<oauth.TokenEndpointResponse> {
  const who = { client_id: client.id };
  const parameters = { subject_token: subject, subject_token_type: type, ...more };
  const auth = oauth.ClientSecretBasic(client.key);
  const answer = await oauth.genericTokenEndpointRequest(server, who, auth, TTE, parameters, OPEN);
  return oauth.processGenericTokenEndpointResponse(server, who, answer);
}

/** As a resource server that knows the issuer's published keys, and nothing else. */
function validate(token: string, audience = runtime.url): Promise<oauth.JWTAccessTokenClaims> {
  const request = new Request(audience, { headers: { authorization: `Bearer ${token}` } });
  return oauth.validateJwtAccessToken({ ...server }, request, audience, OPEN);
}

async function introspect(asker: Agent, token: string): Promise<oauth.IntrospectionResponse> {
  const who = { client_id: asker.id };
  const answer = await oauth.introspectionRequest(
    server,
    who,
    oauth.ClientSecretBasic(asker.key),
    token,
    OPEN,
  );
  return oauth.processIntrospectionResponse(server, who, answer);
}

async function refusal(attempt: Promise<unknown>): Promise<{ error: string; dome: unknown; status: number }> {
  const fault = await attempt.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(fault instanceof oauth.ResponseBodyError)) throw new Error("not refused", { cause: fault });
  return { error: fault.error, dome: fault.cause["dome_error"], status: fault.status };
}

const check = (token: string): Promise<{ decision: string }> =>
  call<{ decision: string }>(runtime.url, "POST", "/api/v1/check", token, { tool: "crm" });

describe("discovery", () => {
  it("says that tokens are exchanged (RFC 8414, M-1, M-2)", () => {
    expect(server.issuer).toBe(runtime.url);
    expect(server.grant_types_supported).toEqual(["client_credentials", TTE]);
  });

  it("leads from the resource to its authorization server (RFC 9728, P-1, P-2)", async () => {
    const resource = new URL(runtime.url);
    const answer = await oauth.resourceDiscoveryRequest(resource, OPEN);
    const metadata = await oauth.processResourceDiscoveryResponse(resource, answer);
    expect(metadata.authorization_servers).toEqual([server.issuer]);
    expect(metadata.bearer_methods_supported).toEqual(["header"]);
  });

  it("leads from a refusal to the metadata, without an error where nobody tried (P-3)", async () => {
    const answer = await fetch(`${runtime.url}/api/v1/check`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(answer.status).toBe(401);
    const challenge = answer.headers.get("www-authenticate") ?? "";
    expect(challenge).not.toContain("error=");
    const [, where = ""] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
    const metadata = (await (await fetch(where)).json()) as { resource: string };
    expect(metadata.resource).toBe(runtime.url);
  });
});

describe("a user, agent A, agent B", () => {
  it("the user's ID token makes A act for them, and A's token makes B (TX-30, TX-34)", async () => {
    const idToken = await provider.idToken("app-of-a", ALICE);
    const first = await exchange(a, idToken, IDT);
    expect(first).toMatchObject({ token_type: "bearer", issued_token_type: AT, scope: "surface" });
    expect(first.refresh_token).toBeUndefined();
    const forA = await validate(first.access_token);
    expect(forA).toMatchObject({ client_id: a.id, sub_profile: "user", email: ALICE.email });
    expect(forA.sub).toMatch(/^usr_[0-9a-z]{26}$/);
    expect(forA["act"]).toEqual({ iss: runtime.url, sub: a.id, sub_profile: "ai_agent" });

    const second = await exchange(b, first.access_token, AT, { scope: "tool:crm" });
    const forB = await validate(second.access_token);
    expect(forB).toMatchObject({ sub: forA.sub, txn: forA["txn"], client_id: b.id, scope: "tool:crm" });
    expect(forB["act"]).toEqual({
      iss: runtime.url,
      sub: b.id,
      sub_profile: "ai_agent",
      act: { iss: runtime.url, sub: a.id, sub_profile: "ai_agent" },
    });
    expect(forB["actor_receipts"]).toHaveLength(2);
    expect(await check(first.access_token)).toMatchObject({ decision: "allow" });
    expect(await check(second.access_token)).toMatchObject({ decision: "allow" });
  });

  it("without the user, A is refused where it must act for one", async () => {
    const token = await ownToken(a);
    await expect(validate(token)).resolves.toMatchObject({ sub: a.id, client_id: a.id });
    expect(await check(token)).toMatchObject({ decision: "deny", reason: "actas_required" });
  });

  it("an address that the provider has not verified is not in the token", async () => {
    const token = await exchange(a, await provider.idToken("app-of-a", BOB), IDT);
    expect((await validate(token.access_token))["email"]).toBeUndefined();
  });

  it("an ID token for another application is nothing in the hands of A, and A's is nothing in B's", async () => {
    const expected = { error: "invalid_request", dome: "subject_audience_not_bound", status: 400 };
    const ofB = await provider.idToken("app-of-b", ALICE);
    expect(await refusal(exchange(a, ofB, IDT))).toEqual(expected);
    const ofA = await provider.idToken("app-of-a", ALICE);
    expect(await refusal(exchange(b, ofA, IDT))).toEqual(expected);
  });

  it("an ID token is no access token of this service (TX-5)", async () => {
    const idToken = await provider.idToken("app-of-a", ALICE);
    expect(await refusal(exchange(a, idToken, AT))).toMatchObject({ error: "invalid_request", status: 400 });
  });

  it("a token for one door is refused at the others (RFC 8707, RI-1)", async () => {
    const door = `${runtime.url}/mcp/crm`;
    const idToken = await provider.idToken("app-of-a", ALICE);
    const { access_token: token } = await exchange(a, idToken, IDT, { resource: door });
    await expect(validate(token, door)).resolves.toMatchObject({ aud: door });
    await expect(validate(token)).rejects.toThrow(/"aud"/);
    const wider = exchange(b, token, AT, { resource: runtime.url });
    expect(await refusal(wider)).toMatchObject({ error: "invalid_target" });
  });

  it("introspection shows the chain to those in it, and revoking A's token ends B's (I-3, R-3)", async () => {
    const first = await exchange(a, await provider.idToken("app-of-a", ALICE), IDT);
    const second = await exchange(b, first.access_token, AT);
    const seen = await introspect(a, second.access_token);
    expect(seen).toMatchObject({ active: true, client_id: b.id });
    expect(seen["act"]).toMatchObject({ sub: b.id, act: { sub: a.id } });
    expect(await introspect(b, first.access_token)).toEqual({ active: false });

    const who = { client_id: a.id };
    const auth = oauth.ClientSecretBasic(a.key);
    const gone = await oauth.revocationRequest(server, who, auth, first.access_token, OPEN);
    await oauth.processRevocationResponse(gone);
    expect(await introspect(a, first.access_token)).toEqual({ active: false });
    expect(await introspect(b, second.access_token)).toEqual({ active: false });
  });
});

describe("Dome-Act-As on a call", () => {
  const said = async (credential: string, idToken: string): Promise<unknown> => {
    const answer = await fetch(`${runtime.url}/api/v1/check`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${credential}`,
        "content-type": "application/json",
        "dome-act-as": idToken,
      },
      body: JSON.stringify({ tool: "crm" }),
    });
    const body = (await answer.json()) as { decision?: string; code?: string };
    return body.decision ?? body.code;
  };

  it("is an exchange in place, with the agent's key or its own token, as often as wanted", async () => {
    const idToken = await provider.idToken("app-of-a", ALICE);
    expect(await said(a.key, idToken)).toBe("allow");
    expect(await said(await ownToken(a), idToken)).toBe("allow");
    expect(await said(a.key, idToken)).toBe("allow");
  });

  it("puts no user behind another agent, nor behind who acts for somebody already", async () => {
    const idToken = await provider.idToken("app-of-a", ALICE);
    expect(await said(b.key, idToken)).toBe("actas_refused");
    const held = await exchange(a, idToken, IDT);
    expect(await said(held.access_token, await provider.idToken("app-of-a", BOB))).toBe("actas_refused");
    expect(await said(a.key, held.access_token)).toBe("actas_refused");
  });

  it("is no credential: without one there is nobody to act", async () => {
    const idToken = await provider.idToken("app-of-a", ALICE);
    expect(await said(idToken, idToken)).toBe("invalid_token");
  });
});

/** Sets the Worker's clock so far ahead of ours. */
async function setAhead(ms: number): Promise<void> {
  const headers = { [CLOCK_HEADER]: String(ms) };
  await fetch(`${runtime.url}/.well-known/jwks.json`, { headers });
}

describe("a provider that changes its keys, and one that is gone", () => {
  it("signs with a new key: one more look at its keys, and the tokens of both count", async () => {
    const before = await provider.idToken("app-of-a", ALICE);
    await exchange(a, before, IDT);
    await provider.rotate("keep");
    const after = await provider.idToken("app-of-a", ALICE);
    await setAhead(MINUTE);
    const asked = provider.keyRequests();
    await exchange(a, after, IDT);
    await exchange(a, before, IDT);
    expect(provider.keyRequests()).toBe(asked + 1);
  });

  it("takes a key back: tokens of that key are refused when the cached keys have had their life", async () => {
    const before = await provider.idToken("app-of-a", ALICE);
    await provider.rotate("drop");
    await exchange(a, before, IDT); // nobody has asked again yet
    await setAhead(12 * MINUTE);
    const refused = { error: "invalid_request", dome: "subject_unknown_key", status: 400 };
    expect(await refusal(exchange(a, before, IDT))).toEqual(refused);
    await exchange(a, await provider.idToken("app-of-a", ALICE), IDT);
  });

  it("does not answer: keys that are known go on, and nothing else is believed", async () => {
    const known = await provider.idToken("app-of-a", ALICE);
    await exchange(a, known, IDT);
    await provider.rotate("drop");
    const unknown = await provider.idToken("app-of-a", ALICE);
    await provider.stop();
    await setAhead(24 * MINUTE);
    await expect(exchange(a, unknown, IDT)).rejects.toMatchObject({ cause: { status: 503 } });
    await exchange(a, known, IDT);
    await setAhead(0);
  });
});
