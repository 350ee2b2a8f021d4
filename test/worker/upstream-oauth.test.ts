/** Servers behind tools whose authorization server gives Dome tokens: for itself, and for the user of a call. */
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { fromUtf8 } from "../../src/kernel/bytes.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { testIdp, type TestIdp } from "../support/test-idp.ts";
import { freshWorkspace, like, operator, token, worker, type Registered } from "../support/worker-api.ts";
import { exchanged } from "./exchange.fixture.ts";
import { addProvider } from "./users.fixture.ts";

const api = operator();
const URL = "https://crm.example.com/api";
const LOGIN = "https://login.upstream.example";
const SECRET = "client:secret-9b 1c44";
const ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
let home: string;
let idp: TestIdp;
let a: Registered;
let b: Registered;

interface Seen {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}
let asked: Seen[];
let served: Seen[];
let issue: (form: URLSearchParams) => Response | Promise<Response>;
let serve: () => Response;
let made = 0;

const bearer = (more: object = {}) =>
  Response.json({ access_token: `at-${(made += 1)}`, token_type: "Bearer", expires_in: 600, ...more });
const auth = (more: object = {}) => ({
  type: "oauth_client_credentials" as const,
  token_url: `${LOGIN}/token`,
  client_id: "dome client",
  ...more,
});
let tools = 0;

/** A tool of its own for each test: what an isolate holds is by tool. */
async function toolWith(more: object, secret: string | null = SECRET): Promise<string> {
  const name = `crm${(tools += 1)}`;
  await api.addTool({
    name,
    workspace: home,
    kind: "http",
    url: URL,
    auth: { ...auth(), client_id: "dome", ...more },
  });
  if (secret !== null)
    await api.call("POST", `/tools/${name}/secrets?workspace=${home}`, { body: { value: secret } });
  return name;
}

beforeAll(async () => {
  home = await freshWorkspace();
  idp = await testIdp("https://login.oauth.example");
  const all = Array.from({ length: 40 }, (_, at) => `crm${at + 1}`);
  const surface = { tools: all };
  b = await api.start({ name: "b", workspace: home, surface });
  a = await api.start({ name: "a", workspace: home, surface, delegates_to: ["b"] });
  await addProvider(home, idp, "okta");
});

beforeEach(() => {
  asked = [];
  served = [];
  issue = () => bearer();
  serve = () => Response.json({ ok: true });
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const url = input instanceof Request ? input.url : input.toString();
    const document = idp.documents()[url];
    if (document !== undefined) return Response.json(document);
    const body =
      init?.body == null ? "" : fromUtf8(new Uint8Array(await new Response(init.body).arrayBuffer()));
    const seen = { url, headers: new Headers(init?.headers), body };
    if (url.startsWith(LOGIN)) {
      asked.push(seen);
      return issue(new URLSearchParams(body));
    }
    served.push(seen);
    return serve();
  });
});
afterEach(() => vi.restoreAllMocks());

async function call(tool: string, headers: Record<string, string> = {}, credential = a.secret) {
  const response = await worker(
    new Request(`${TEST_ISSUER}/tools/${tool}/tickets`, {
      headers: { authorization: `Bearer ${credential}`, ...headers },
    }),
  );
  return { status: response.status, body: await response.json() };
}
const formOf = ({ body }: Seen) => Object.fromEntries(new URLSearchParams(body));

describe("a tool with client credentials", () => {
  it("is called with a token that Dome gets for the tool's URL, and the secret goes to no server", async () => {
    const tool = await toolWith({ scope: "tickets.read tickets.write" });
    expect(await call(tool)).toMatchObject({ status: 200, body: { ok: true } });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ url: `${LOGIN}/token` });
    expect(formOf(asked[0] as Seen)).toEqual({
      grant_type: "client_credentials",
      resource: URL,
      scope: "tickets.read tickets.write",
    });
    // RFC 6749 §2.3.1: both halves are form-encoded first.
    expect(asked[0]?.headers.get("authorization")).toBe(`Basic ${btoa("dome:client%3Asecret-9b+1c44")}`);
    expect(served[0]?.headers.get("authorization")).toBe(`Bearer at-${made}`);
    expect(JSON.stringify([...(served[0]?.headers ?? [])])).not.toContain(SECRET);
    await call(tool);
    expect([asked.length, served.length]).toEqual([1, 2]);
  });

  it("has its secret in the form where the entry says so, and the resource that it names", async () => {
    const tool = await toolWith({ client_auth: "post", resource: "urn:crm" });
    await call(tool);
    expect(formOf(asked[0] as Seen)).toEqual({
      grant_type: "client_credentials",
      client_id: "dome",
      client_secret: SECRET,
      resource: "urn:crm",
    });
    expect(asked[0]?.headers.has("authorization")).toBe(false);
  });

  it("asks for one token when many calls come at once", async () => {
    const tool = await toolWith({});
    const answers = await Promise.all(Array.from({ length: 12 }, () => call(tool)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    expect([asked.length, served.length]).toEqual([1, 12]);
  });

  it("answers a 401 of the server as the server's, repeats nothing that may change something, and gets a new token for the next call", async () => {
    const tool = await toolWith({});
    serve = () => new Response(null, { status: 401, headers: { "www-authenticate": "Bearer" } });
    expect(await call(tool)).toMatchObject({
      status: 502,
      body: { code: "upstream_refused", who: "upstream" },
    });
    expect([asked.length, served.length]).toEqual([1, 1]);
    serve = () => Response.json({ ok: true });
    expect((await call(tool)).status).toBe(200);
    expect(asked).toHaveLength(2);
    expect(served[1]?.headers.get("authorization")).not.toBe(served[0]?.headers.get("authorization"));
  });

  it("without a secret fails closed, says so, and asks nobody", async () => {
    const tool = await toolWith({}, null);
    expect(await call(tool)).toMatchObject({
      status: 502,
      body: { code: "upstream_credential_missing", who: "dome" },
    });
    expect([asked, served]).toEqual([[], []]);
  });

  test.each<[string, () => Response, string, number]>([
    [
      "refuses the client",
      () => Response.json({ error: "invalid_client" }, { status: 401 }),
      "upstream_refused",
      502,
    ],
    [
      "refuses the scope",
      () => Response.json({ error: "invalid_scope" }, { status: 400 }),
      "upstream_refused",
      502,
    ],
    ["redirects", () => Response.redirect("https://elsewhere.example/token", 307), "upstream_refused", 502],
    ["answers with a page", () => new Response("<html>"), "upstream_refused", 502],
    ["answers without a token", () => Response.json({ token_type: "Bearer" }), "upstream_refused", 502],
    ["gives a token that is bound to a key", () => bearer({ token_type: "DPoP" }), "upstream_refused", 502],
    [
      "gives a token that would be two headers",
      () => bearer({ access_token: "a\r\nx: y" }),
      "upstream_refused",
      502,
    ],
    ["gives an endless token", () => bearer({ access_token: "a".repeat(9_000) }), "upstream_refused", 502],
    ["gives an endless answer", () => new Response(" ".repeat(70_000)), "upstream_too_large", 502],
    [
      "cannot be reached",
      () => {
        throw new TypeError("refused");
      },
      "upstream_unreachable",
      502,
    ],
  ])(
    "fails closed when the authorization server %s, by one request for many calls",
    async (_what, answer, code, status) => {
      const tool = await toolWith({});
      issue = answer;
      const answers = await Promise.all([call(tool), call(tool), call(tool)]);
      for (const each of answers) expect(each).toMatchObject({ status, body: { code, who: "upstream" } });
      expect([asked.length, served.length]).toEqual([1, 0]);
    },
  );

  it("leaves neither secret nor token in any record (P4)", async () => {
    const tool = await toolWith({});
    await call(tool);
    await expect
      .poll(async () => JSON.stringify(await api.audit({ workspace: home, kind: "call.outcome" })), {
        timeout: 8_000,
      })
      .toContain(`"${tool}/`);
    const everything = JSON.stringify(await api.audit({ workspace: home }));
    expect(everything).not.toContain(`at-${made}`);
    expect(everything).not.toContain(SECRET);
  });
});

describe("the entry of a tool with client credentials", () => {
  test.each([
    ["http://login.upstream.example/token", /https/],
    ["https://10.0.0.1/token", /IP address/],
    ["https://metadata.google.internal/token", /public name/],
    ["https://login.upstream.example:8443/token", /port/],
    ["https://u:p@login.upstream.example/token", /user name/],
    ["https://LOGIN.upstream.example/token", /Write the token URL as/],
    [`${TEST_ISSUER}/api/v1/auth/token`, /this Dome|public name/],
  ])("refuses the token URL %s", async (token_url, said) => {
    const refused = await api.call("POST", "/tools", {
      body: {
        name: "odd",
        workspace: home,
        kind: "http",
        url: URL,
        auth: auth({ token_url, client_id: "dome" }),
      },
    });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ member: "auth.token_url" }] } });
    expect(JSON.stringify(refused.body)).toMatch(said);
  });

  it("keeps its secret from another authorization server, and from another kind of auth", async () => {
    const tool = await toolWith({});
    const patch = (body: object) => api.call("PATCH", `/tools/${tool}?workspace=${home}`, { body });
    for (const changed of [
      auth({ token_url: "https://login.evil.example/token", client_id: "dome" }),
      { type: "bearer" },
    ])
      expect(await patch({ auth: changed })).toMatchObject({
        status: 400,
        body: { errors: [{ member: "auth" }] },
      });
    expect((await patch({ auth: auth({ client_id: "other", scope: "less" }) })).status).toBe(200);
    expect((await call(tool)).status).toBe(200);
  });
});

describe("a tool that is called in the name of users", () => {
  const user = { grant: "token_exchange", audience: LOGIN };
  const idToken = (sub: string) =>
    idp.sign({ sub, aud: "app-a", email: `${sub}@acme.example`, email_verified: true });

  async function claimsOf(assertion: string) {
    const published = await worker(new Request(`${TEST_ISSUER}/.well-known/jwks.json`));
    const keys = createLocalJWKSet(await published.json());
    return jwtVerify(assertion, keys, {
      issuer: TEST_ISSUER,
      audience: LOGIN,
      typ: "dome-user-assertion+jwt",
    });
  }

  it("gets a token for an assertion that Dome signs for that server alone (RFC 8693), and never the user's own token (P10)", async () => {
    const tool = await toolWith({ user });
    const ada = await idToken("ada");
    expect((await call(tool, { "dome-act-as": ada })).status).toBe(200);
    const form = formOf(asked[0] as Seen);
    expect(form).toEqual({
      grant_type: EXCHANGE,
      subject_token: like(/^eyJ/),
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      resource: URL,
    });
    const { payload } = await claimsOf(form["subject_token"] ?? "");
    expect(payload).toMatchObject({
      sub: like(/^usr_/),
      act: { iss: TEST_ISSUER, sub: a.id },
      email: "ada@acme.example",
      idp: { iss: idp.issuer, sub: "ada" },
      txn: like(/^txn_/),
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
    expect(served[0]?.headers.get("authorization")).toBe(`Bearer at-${made}`);
    const everything = JSON.stringify(
      [...asked, ...served].map(({ url, headers, body }) => [url, [...headers], body]),
    );
    for (const canary of [ada, a.secret]) expect(everything).not.toContain(canary);
  });

  it("by jwt-bearer (RFC 7523) sends the assertion as the grant", async () => {
    const tool = await toolWith({ user: { grant: "jwt_bearer", audience: null } });
    await call(tool, { "dome-act-as": await idToken("ada") });
    const form = formOf(asked[0] as Seen);
    expect(form).toMatchObject({ grant_type: ASSERTION, resource: URL });
    expect(decodeJwt(form["assertion"] ?? "")).toMatchObject({ aud: `${LOGIN}/token` });
  });

  it("with a call token sends the chain as actors, and never the call token (P10)", async () => {
    const tool = await toolWith({ user });
    const ofUser = await exchanged(a, {
      subject_token: await idToken("ada"),
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    });
    const { token: held } = await exchanged(b, { subject_token: ofUser.token });
    expect((await call(tool, {}, held)).status).toBe(200);
    const { payload } = await claimsOf(formOf(asked[0] as Seen)["subject_token"] ?? "");
    expect(payload).toMatchObject({ sub: like(/^usr_/), act: { sub: b.id, act: { sub: a.id } } });
    const everything = JSON.stringify(
      [...asked, ...served].map(({ url, headers, body }) => [url, [...headers], body]),
    );
    for (const canary of [held, ofUser.token, a.secret, b.secret]) expect(everything).not.toContain(canary);
  });

  it("holds a token per user, and uses none for another one", async () => {
    const tool = await toolWith({ user });
    const [ada, bob] = await Promise.all([idToken("ada"), idToken("bob")]);
    for (const each of [ada, bob, ada, bob]) await call(tool, { "dome-act-as": each });
    expect(asked).toHaveLength(2);
    const used = served.map(({ headers }) => headers.get("authorization"));
    expect(used).toEqual([used[0], used[1], used[0], used[1]]);
    expect(used[0]).not.toBe(used[1]);
  });

  it("denies a call without a user: Dome's own credential does not stand in for one (P7)", async () => {
    const tool = await toolWith({ user });
    for (const credential of [a.secret, await token(a.secret)])
      expect(await call(tool, {}, credential)).toMatchObject({
        status: 403,
        body: { code: "denied", reason: "actas_required" },
      });
    expect([asked, served]).toEqual([[], []]);
  });

  it("fails closed when the authorization server does not accept the user", async () => {
    const tool = await toolWith({ user });
    issue = () => Response.json({ error: "invalid_grant" }, { status: 400 });
    expect(await call(tool, { "dome-act-as": await idToken("eve") })).toMatchObject({
      status: 502,
      body: { code: "upstream_refused", who: "upstream" },
    });
    expect(served).toEqual([]);
  });
});
