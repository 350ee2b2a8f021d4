/** `Dome-Context` at the server behind a tool: verified with the SDK, from the keys that the Worker publishes. */
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { DomeKeys, verifyDomeContext, type DomeContext } from "../../sdk/typescript/src/context.ts";
import { userIdOf } from "../../src/contract/user-id.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { testIdp, type TestIdp } from "../support/test-idp.ts";
import {
  call,
  eventually,
  freshWorkspace,
  like,
  operator,
  problemOf,
  statusesOf,
  token,
  worker,
  type Registered,
} from "../support/worker-api.ts";
import { exchanged } from "./exchange.fixture.ts";
import { addProvider } from "./users.fixture.ts";

const api = operator();
const URL = "https://crm.example.com/api";
const AUDIENCE = "urn:acme:ledger";
let home: string;
let workspace: string;
let idp: TestIdp;
let a: Registered;
let b: Registered;
let sent: Headers[];

beforeAll(async () => {
  home = await freshWorkspace();
  ({ id: workspace } = await api.showWorkspace(home));
  idp = await testIdp("https://login.context.example");
  const tool = { workspace: home, kind: "http" as const, url: URL };
  await api.addTool({ ...tool, name: "crm", dome_context: { audience: null } });
  await api.addTool({ ...tool, name: "ledger", dome_context: { audience: AUDIENCE } });
  await api.addTool({ ...tool, name: "plain" });
  await api.addTool({
    ...tool,
    name: "cases",
    dome_context: { audience: null },
    forward_headers: ["x-tenant"],
    context_headers: [{ name: "x-tenant", required: true }, { name: "x-case" }],
  });
  const surface = { tools: ["crm", "ledger", "plain", "cases"] };
  b = await api.start({ name: "b", workspace: home, surface });
  a = await api.start({ name: "a", workspace: home, surface, delegates_to: ["b"] });
  await addProvider(home, idp, "okta");
});

beforeEach(() => {
  sent = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const address = input instanceof Request ? input.url : input.toString();
    const document = idp.documents()[address];
    if (document !== undefined) return Response.json(document);
    sent.push(new Headers(init?.headers));
    return Response.json({ ok: true });
  });
});
afterEach(() => vi.restoreAllMocks());

const keys = new DomeKeys({ issuer: TEST_ISSUER, fetch: (url) => worker(new Request(url)) });
const at = (path: string, credential: string, headers: Record<string, string> = {}) =>
  worker(
    new Request(`${TEST_ISSUER}/tools/${path}`, {
      headers: { authorization: `Bearer ${credential}`, "user-agent": "bot/1", ...headers },
    }),
  );
const sentContext = (): string => sent.at(-1)?.get("dome-context") ?? "";
const seenBy = (audience: string): Promise<DomeContext> =>
  verifyDomeContext(sentContext(), { keys, audience });

describe("the context of a call", () => {
  it("says who calls, what was decided, and under which id, for the tool's URL alone", async () => {
    const answer = await at("crm/tickets/7", a.secret);
    expect(await seenBy(URL)).toEqual({
      id: like(/^ctx_/),
      issuer: TEST_ISSUER,
      audience: URL,
      subject: a.id,
      workspace: { id: workspace, name: home },
      agent: { id: a.id, name: "a", owner: like(/./), tier: "standard" },
      chain: [{ agent: a.id, name: "a", tier: "standard" }],
      user: null,
      action: "http:call",
      tool: "crm",
      operation: "GET /tickets/7",
      decisionId: answer.headers.get("dome-decision-id"),
      requestId: answer.headers.get("dome-request-id"),
      txn: like(/^txn_/),
      request: { method: "GET", ip: null, country: null, userAgent: "bot/1", headers: {} },
      issuedAt: expect.any(Number) as number,
      expiresAt: expect.any(Number) as number,
    });
    expect(decodeProtectedHeader(sentContext())).toMatchObject({ typ: "dome-context+jwt", alg: "ES256" });
    const { iat = 0, exp = 0, act } = decodeJwt(sentContext());
    expect([exp - iat, act]).toEqual([60, undefined]);
    await expect(seenBy(`${URL}/`)).rejects.toMatchObject({ code: "context_wrong_audience" });
  });

  it("has the audience that the entry names", async () => {
    await at("ledger/x", a.secret);
    expect(await seenBy(AUDIENCE)).toMatchObject({ audience: AUDIENCE, tool: "ledger" });
  });

  it("has the user as verified and the chain as actors, and neither credential (P10)", async () => {
    const idToken = await idp.sign({
      sub: "ada",
      aud: "app-a",
      email: "ada@acme.example",
      email_verified: true,
      groups: ["ops"],
    });
    await at("crm/x", a.secret, { "dome-act-as": idToken });
    const user = userIdOf(workspace, idp.issuer, null, "ada");
    expect(await seenBy(URL)).toMatchObject({
      subject: user,
      user: {
        id: user,
        provider: "okta",
        issuer: idp.issuer,
        subject: "ada",
        email: "ada@acme.example",
        groups: ["ops"],
        groupsOverage: false,
      },
    });
    expect(decodeJwt(sentContext())["act"]).toEqual({ iss: TEST_ISSUER, sub: a.id, sub_profile: "ai_agent" });
    const everything = JSON.stringify([...(sent.at(-1) ?? [])]) + JSON.stringify(decodeJwt(sentContext()));
    expect(everything).not.toContain(idToken);
    expect(everything).not.toContain(a.secret);
  });

  it("of an agent on behalf of another has both, the caller outermost, in the token's transaction", async () => {
    const { token: held, claims } = await exchanged(b, { subject_token: await token(a.secret) });
    await at("crm/x", held);
    expect(await seenBy(URL)).toMatchObject({
      subject: a.id,
      agent: { id: b.id },
      chain: [{ agent: b.id }, { agent: a.id }],
      txn: claims.txn,
    });
    expect(decodeJwt(sentContext())["act"]).toEqual({ iss: TEST_ISSUER, sub: b.id, sub_profile: "ai_agent" });
  });

  it("leaves the names of many groups out and says so: a header has to fit", async () => {
    const groups = Array.from({ length: 150 }, (_, at) => `department-of-${at}`);
    const idToken = await idp.sign({ sub: "bob", aud: "app-a", groups });
    await at("crm/x", a.secret, { "dome-act-as": idToken });
    expect(await seenBy(URL)).toMatchObject({ user: { groups: [], groupsOverage: true } });
    expect(sentContext().length).toBeLessThan(4_096);
  });

  it("is another one for each call, so that a server can refuse a repeat", async () => {
    await at("crm/x", a.secret);
    const first = await seenBy(URL);
    await at("crm/x", a.secret);
    expect((await seenBy(URL)).id).not.toBe(first.id);
  });

  it("is not sent where the entry does not ask for it", async () => {
    await at("plain/x", a.secret);
    expect(sent).toHaveLength(1);
    expect(sentContext()).toBe("");
  });

  it("is no credential at any door of Dome (P10)", async () => {
    await at("crm/x", a.secret);
    const held = sentContext();
    const answers = [
      await call(worker, held, "POST", "/api/v1/check", { body: { tool: "crm" } }),
      await call(worker, held, "GET", "/api/v1/agents/self"),
      await call(worker, held, "GET", "/tools/crm/x"),
    ];
    expect(statusesOf(answers)).toEqual([401, 401, 401]);
  });
});

describe("headers that the entry names", () => {
  const decision = async (answer: Response) => {
    const id =
      answer.headers.get("dome-decision-id") ??
      ((await answer.json()) as { decision_id: string }).decision_id;
    return eventually(async () => {
      const found = (await api.audit({ workspace: home })).find(
        ({ kind, decision_id }) => decision_id === id && kind !== "call.outcome",
      );
      if (found === undefined) throw new Error("no record yet");
      return found;
    });
  };

  it("are recorded with the decision and told to the server, and forwarded only where it says so", async () => {
    const answer = await at("cases/x", a.secret, { "x-tenant": "acme", "x-case": "7", "x-other": "no" });
    expect(answer.status).toBe(200);
    expect((await seenBy(URL)).request.headers).toEqual({ "x-tenant": "acme", "x-case": "7" });
    expect(sent.at(-1)?.get("x-tenant")).toBe("acme");
    expect(sent.at(-1)?.has("x-case")).toBe(false);
    expect(await decision(answer)).toMatchObject({
      kind: "call.intent",
      data: { headers: { "x-tenant": "acme", "x-case": "7" } },
    });
  });

  it.each<[string, Record<string, string>]>([
    ["is missing", { "x-case": "7" }],
    ["cannot be recorded", { "x-tenant": "a".repeat(257) }],
  ])("are a denial when a required one %s, and nothing is sent (P1)", async (_what, headers) => {
    const answer = await at("cases/x", a.secret, headers);
    const body = answer.clone().json();
    expect([answer.status, await body]).toMatchObject([403, { code: "denied", reason: "headers_invalid" }]);
    expect(sent).toEqual([]);
    expect(await decision(answer)).toMatchObject({ kind: "decision", decision: "deny" });
  });

  it("are none of a check, whose headers are not those of the call", async () => {
    const asked = await call(worker, a.secret, "POST", "/api/v1/check", { body: { tool: "cases" } });
    expect(asked.body).toMatchObject({ decision: "allow" });
  });
});

describe("an entry", () => {
  it.each([
    [{ name: "authorization" }],
    [{ name: "cookie" }],
    [{ name: "dome-act-as" }],
    [{ name: "x-tenant" }, { name: "x-tenant", required: true }],
    Array.from({ length: 11 }, (_, at) => ({ name: `x-${at}` })),
  ])("cannot name the headers %j", async (...context_headers) => {
    const refused = await api.call("POST", "/tools", {
      body: { name: "odd", workspace: home, kind: "http", url: URL, context_headers },
    });
    expect(problemOf(refused)).toMatchObject({ status: 400 });
  });

  it("shows what it asks for, and may cease to ask", async () => {
    const path = `/tools/plain?workspace=${home}`;
    const update = (body: object) => api.call("PATCH", path, { body });
    expect((await update({ dome_context: {} })).body).toMatchObject({ dome_context: { audience: null } });
    expect((await update({ dome_context: null })).body).toMatchObject({ dome_context: null });
  });

  it.each(["two words", ""])("with the audience %j is refused", async (audience) => {
    const refused = await api.call("POST", "/tools", {
      body: { name: "odd", workspace: home, kind: "http", url: URL, dome_context: { audience } },
    });
    expect(problemOf(refused)).toMatchObject({ status: 400 });
  });

  it("of a tool that the agent calls itself cannot ask for a context", async () => {
    const refused = await api.call("POST", "/tools", {
      body: { name: "own", workspace: home, dome_context: {} },
    });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ member: "dome_context" }] } });
  });
});
