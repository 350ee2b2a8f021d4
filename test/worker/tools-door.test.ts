/** The HTTP door of a tool, through the whole Worker; the server behind it answers in place of the Worker's `fetch`. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import {
  eventually,
  freshWorkspace,
  operator,
  token,
  worker,
  type Registered,
} from "../support/worker-api.ts";
import { toHex, utf8 } from "../../src/kernel/bytes.ts";
import { sha256Sync } from "../../src/kernel/digest.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";

const api = operator();
const BASE = "https://crm.example.com/api";
const SECRET = "upstream-9b1c44";
let home: string;
let bot: Registered;

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
}
let sent: Sent[];
/** Of the calls to the server: aborted when Dome closes the connection. */
let signals: AbortSignal[];
let answer: () => Response | Promise<Response>;

beforeAll(async () => {
  home = await freshWorkspace();
  const http = { workspace: home, kind: "http" as const, url: BASE };
  await api.addTool({
    ...http,
    name: "crm",
    auth: { type: "bearer" },
    forward_headers: ["x-tenant"],
    operations: ["GET /tickets/{id}", "GET /tickets", "POST /tickets", "PUT /files/{name}"],
    argument_schemas: {
      "POST /tickets": {
        type: "object",
        properties: { body: { type: "object", required: ["title"] } },
        required: ["body"],
      },
    },
  });
  await api.call("POST", `/tools/crm/secrets?workspace=${home}`, { body: { value: SECRET } });
  await api.addTool({ ...http, name: "open" });
  await api.addTool({ ...http, name: "keyless", auth: { type: "header", name: "x-key" } });
  await api.addTool({ ...http, name: "undeclared" });
  await api.addTool({ workspace: home, name: "own" });
  const tools = ["crm", "open", "keyless", "own", "missing"];
  bot = await api.start({ name: "bot", workspace: home, surface: { tools } });
});

beforeEach(() => {
  sent = [];
  signals = [];
  answer = () => Response.json({ ok: true });
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    if (init?.signal != null) signals.push(init.signal);
    const body = init?.body == null ? "" : await new Response(init.body).text();
    sent.push({
      url: input instanceof Request ? input.url : input.toString(),
      method: init?.method ?? "GET",
      headers: new Headers(init?.headers),
      body,
    });
    return answer();
  });
});

afterEach(() => vi.restoreAllMocks());

async function call(method: string, path: string, init: RequestInit = {}, credential = bot.secret) {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${credential}`);
  const response = await worker(
    new Request(`${TEST_ISSUER}/tools/${path}`, { ...init, method, headers, redirect: "manual" }),
  );
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson ? JSON.parse(text) : text) as unknown,
  };
}

const JSON_TYPE = { "content-type": "application/json" };

describe("a call through the door", () => {
  it("reaches the server as it was sent, with Dome's credential and never with the caller's (P10)", async () => {
    const answered = await call("GET", "crm/tickets/7?view=full%20text", {
      headers: {
        "x-tenant": "acme",
        cookie: "session=1",
        "x-forwarded-for": "10.0.0.1",
        "dome-anything": "1",
        "x-http-method-override": "DELETE",
        accept: "application/json",
      },
    });
    expect(answered).toMatchObject({ status: 200, body: { ok: true } });
    expect(answered.headers.get("dome-decision-id")).toMatch(/^dec_/);
    const [seen] = sent;
    expect(seen).toMatchObject({ url: `${BASE}/tickets/7?view=full%20text`, method: "GET", body: "" });
    expect(Object.fromEntries(seen?.headers ?? [])).toEqual({
      accept: "application/json",
      "accept-encoding": "identity",
      authorization: `Bearer ${SECRET}`,
      via: "1.1 dome",
      "x-tenant": "acme",
    });
  });

  it("with JSON is decided on what it says, and sent byte for byte", async () => {
    const body = '{ "title":"x",\n "n": 1.0 }';
    expect(await call("POST", "crm/tickets", { body, headers: JSON_TYPE })).toMatchObject({ status: 200 });
    expect(sent).toMatchObject([{ url: `${BASE}/tickets`, body }]);
    const denied = await call("POST", "crm/tickets", { body: "{}", headers: JSON_TYPE });
    expect(denied).toMatchObject({
      status: 422,
      body: {
        code: "arguments_invalid",
        reason: "arguments_invalid",
        who: "caller",
        errors: [{ member: "/body/title", detail: "is missing" }],
        decision_id: expect.stringMatching(/^dec_/) as string,
      },
    });
    expect(sent).toHaveLength(1);
  });

  it("with another body passes it on as a stream", async () => {
    const put = await call("PUT", "crm/files/a.bin", {
      body: "raw",
      headers: { "content-type": "text/plain" },
    });
    expect(put.status).toBe(200);
    expect(sent).toMatchObject([{ method: "PUT", body: "raw" }]);
    expect(sent[0]?.headers.get("content-type")).toBe("text/plain");
  });

  it("by HEAD is decided as GET", async () => {
    answer = () => new Response(null, { headers: { etag: '"1"' } });
    const head = await call("HEAD", "crm/tickets/7");
    expect([head.status, head.headers.get("etag")]).toEqual([200, '"1"']);
    expect(sent).toMatchObject([{ method: "HEAD" }]);
  });

  it("leaves its intent and its outcome, with who asked, what, and how it ended (P8)", async () => {
    const { headers } = await call("GET", "crm/tickets/8");
    const decision = headers.get("dome-decision-id");
    await expect
      .poll(
        async () =>
          (await api.audit({ workspace: home, kind: "call.*" }))
            .filter((entry) => entry.decision_id === decision)
            .toSorted((a, b) => a.kind.localeCompare(b.kind)),
        { timeout: 8_000 },
      )
      .toMatchObject([
        {
          kind: "call.intent",
          action: "http:call",
          target: { id: "crm/GET /tickets/{id}" },
          decision: "allow",
        },
        {
          kind: "call.outcome",
          outcome: "completed",
          data: { status: 200, attempts: 1, sent: 0, received: 11 },
        },
      ]);
  });

  it("says in its outcome what was sent, whether it was read or passed as a stream", async () => {
    const outcome = async (path: string, method: string, body: string, type: string) => {
      const { headers } = await call(method, path, { body, headers: { "content-type": type } });
      return eventually(async () => {
        const found = await outcomeOf(headers.get("dome-decision-id"));
        if (found === undefined) throw new Error("no outcome yet");
        return found;
      });
    };
    const digest = (text: string) => toHex(sha256Sync(utf8(text)));
    expect(await outcome("crm/tickets", "POST", '{"title":"x"}', "application/json")).toMatchObject({
      data: { sent: 13, sent_sha256: digest('{"title":"x"}') },
    });
    expect(await outcome("crm/files/a.txt", "PUT", "raw", "text/plain")).toMatchObject({
      data: { sent: 3, sent_sha256: digest("raw") },
    });
  });

  test.each<[string, string, string, number, string]>([
    ["of an operation that the tool lacks", "DELETE", "crm/tickets/7", 403, "catalog_operation_missing"],
    ["of a tool that the agent has not declared", "GET", "undeclared/x", 403, "surface_undeclared"],
    ["of a tool that is not there", "GET", "missing/x", 403, "catalog_missing"],
  ])("%s is denied by a decision, and nothing is sent (P1)", async (_what, method, path, status, reason) => {
    expect(await call(method, path)).toMatchObject({ status, body: { code: "denied", reason } });
    expect(sent).toEqual([]);
  });

  test.each<[string, string, string, RequestInit]>([
    ["an encoded slash", "GET", "open/a%2Fb", {}],
    ["an encoded backslash", "GET", "open/a%5Cb", {}],
    ["a NUL", "GET", "open/a%00", {}],
    ["a broken escape", "GET", "open/a%zz", {}],
    ["an empty segment", "GET", "open/a//b", {}],
    ["a parameter in its path", "GET", "open/a;b", {}],
    ["a repeated key", "GET", "open/a?b=1&b=2", {}],
    ["a `;` in its query", "GET", "open/a?b=1;c=2", {}],
    ["a repeated member", "POST", "open/a", { body: '{"a":1,"a":2}', headers: JSON_TYPE }],
    ["JSON that is none", "POST", "open/a", { body: "{", headers: JSON_TYPE }],
    ["an upgrade", "GET", "open/a", { headers: { upgrade: "websocket" } }],
    ["a context of Dome", "GET", "open/a", { headers: { "dome-context": "x" } }],
    ["a way through Dome behind it", "GET", "open/a", { headers: { via: "1.1 dome" } }],
  ])("with %s is refused, and nothing is sent", async (_what, method, path, init) => {
    expect(await call(method, path, init)).toMatchObject({ status: 400 });
    expect(sent).toEqual([]);
  });

  test.each([
    'application/json; x=","',
    "application/json, text/plain",
    "application/json;charset=utf-7",
    "application/json; charset=utf-8; charset=utf-7",
    "application/vnd.api+json; Charset = IBM037",
    "application/json; charset*=us-ascii''utf-7",
    "json",
  ])("of the type %j is refused: the server could read a body that nobody decided on (P1)", async (type) => {
    const refused = await call("POST", "crm/tickets", {
      body: '{"title":"x"}',
      headers: { "content-type": type },
    });
    expect(refused).toMatchObject({ status: 415, body: { code: "unsupported_media_type" } });
    expect(sent).toEqual([]);
  });

  test.each([
    "application/json;charset=UTF-8",
    'application/json; charset="utf-8"',
    "application/hal+json; v=1",
    "text/json",
  ])("of the type %j is decided on as JSON", async (type) => {
    const post = (body: string) => call("POST", "crm/tickets", { body, headers: { "content-type": type } });
    expect([(await post('{"title":"x"}')).status, (await post("{}")).status]).toEqual([200, 422]);
    expect(sent.map((each) => each.headers.get("content-type"))).toEqual([type]);
  });

  test.each<[string, BodyInit, string]>([
    ["a byte order mark", "\uFEFF{}", "malformed_json"],
    ["a number that a double cannot hold", '{"body":{"n":9007199254740993}}', "invalid_request"],
  ])("with %s in its JSON is refused as at every other door", async (_what, body, code) => {
    const refused = await call("POST", "open/a", { body, headers: JSON_TYPE });
    expect(refused).toMatchObject({ status: 400, body: { code } });
    expect(sent).toEqual([]);
  });

  it("that holds the caller's key in its path, query, body or a header is refused (P10, P4)", async () => {
    for (const [path, init] of [
      [`open/${bot.secret}`, {}],
      [`open/a?key=${bot.secret}`, {}],
      ["open/a", { headers: { "user-agent": `bot ${bot.secret}` } }],
      ["open/a", { method: "POST", body: JSON.stringify({ a: bot.secret }), headers: JSON_TYPE }],
    ] as const) {
      const refused = await call("method" in init ? "POST" : "GET", path, init);
      expect(refused.status).toBe(400);
      expect(JSON.stringify(refused.body)).not.toContain(bot.secret);
    }
    expect(sent).toEqual([]);
  });

  it("that is refused before it is decided on leaves a record, and never what it held (P8, P4)", async () => {
    const careless = await api.start({ name: "careless", workspace: home, surface: { tools: ["open"] } });
    const mine = (path: string, init: RequestInit = {}) =>
      call(init.method ?? "GET", path, init, careless.secret);
    const post = { method: "POST", headers: JSON_TYPE };
    await mine(`open/a?key=${careless.secret}`);
    await mine("open/a", { ...post, body: JSON.stringify({ a: careless.secret }) });
    await mine("open/a", { ...post, body: "{" });
    const records = await eventually(async () => {
      const all = await api.audit({ workspace: home, agent: careless.id });
      const refused = all.filter(({ kind }) => kind.endsWith(".refused"));
      if (refused.length < 3) throw new Error(`${refused.length} of 3 records`);
      return refused;
    });
    expect(JSON.stringify(records)).not.toContain(careless.secret);
    const path = "/tools/{tool}/{path}";
    const target = { type: "tool", id: "open" };
    expect(records.map(({ kind, reason, target: of, data }) => ({ kind, reason, of, data }))).toEqual(
      expect.arrayContaining([
        { kind: "credential.refused", reason: "misplaced", of: target, data: { path, at: "query" } },
        { kind: "credential.refused", reason: "misplaced", of: target, data: { path, at: "body" } },
        { kind: "call.refused", reason: "malformed_json", of: target, data: { path, count: 1 } },
      ]),
    );
  });

  it("of dots in its path is the call of what they lead to, and does not leave the base path", async () => {
    await call("GET", "open/a/../b");
    expect(sent).toMatchObject([{ url: `${BASE}/b` }]);
    const out = await worker(new Request(`${TEST_ISSUER}/tools/open/../../x`));
    expect(out.status).toBe(404);
  });

  it("without a usable credential fails closed, and says whose fault that is", async () => {
    expect(await call("GET", "keyless/x")).toMatchObject({
      status: 502,
      body: { code: "upstream_credential_missing", who: "dome" },
    });
    expect(sent).toEqual([]);
  });

  it("of a tool that the agent calls itself finds no door", async () => {
    expect(await call("GET", "own/x")).toMatchObject({ status: 404, body: { who: "caller" } });
  });
});

describe("the answer of the server", () => {
  it("does not show the credential that Dome has sent to it (P10)", async () => {
    answer = () =>
      Response.json(Object.fromEntries(sent.at(-1)?.headers ?? []), { headers: { link: SECRET } });
    const { body, headers } = await call("GET", "crm/tickets");
    expect(body).toMatchObject({ authorization: `Bearer ${"*".repeat(SECRET.length)}` });
    expect(headers.get("link")).toBe("*".repeat(SECRET.length));
  });

  it("passes without what would take effect on Dome's own origin", async () => {
    answer = () =>
      new Response("<script>", {
        status: 418,
        headers: {
          "content-type": "text/html",
          etag: '"7"',
          "x-tenant": "acme",
          "set-cookie": "a=b",
          "www-authenticate": "Basic",
          "alt-svc": "h3",
          "cf-ray": "1",
          "dome-decision-id": "made-up",
          "access-control-allow-origin": "*",
          "clear-site-data": '"*"',
          refresh: "0",
        },
      });
    const { status, headers, body } = await call("GET", "crm/tickets");
    expect([status, body]).toEqual([418, "<script>"]);
    expect(headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("etag")).toBe('"7"');
    expect(headers.get("x-tenant")).toBe("acme");
    expect(headers.get("dome-decision-id")).toMatch(/^dec_/);
    for (const name of [
      "set-cookie",
      "www-authenticate",
      "alt-svc",
      "cf-ray",
      "access-control-allow-origin",
      "clear-site-data",
      "refresh",
    ]) {
      expect([name, headers.get(name)]).toEqual([name, null]);
    }
  });

  test.each([401, 403, 407])("%i is about Dome's credential, and not the caller's 401", async (status) => {
    answer = () => new Response("no", { status, headers: { "www-authenticate": "Bearer" } });
    const refused = await call("GET", "crm/tickets");
    expect(refused).toMatchObject({ status: 502, body: { code: "upstream_refused", who: "upstream" } });
    expect(refused.headers.get("www-authenticate")).toBeNull();
  });

  test.each([
    ["/api/tickets/9?a=b", `${TEST_ISSUER}/tools/crm/tickets/9?a=b`],
    ["9", `${TEST_ISSUER}/tools/crm/9`],
    [`${BASE}/x`, `${TEST_ISSUER}/tools/crm/x`],
  ])("a redirect to %s leads to the door", async (location, expected) => {
    answer = () => new Response(null, { status: 302, headers: { location } });
    const { status, headers } = await call("GET", "crm/tickets");
    expect([status, headers.get("location")]).toEqual([302, expected]);
  });

  test.each([
    "https://elsewhere.example.com/x",
    "/other",
    "//crm.example.com.evil.example/api/x",
    "http://crm.example.com/api/x",
  ])("a redirect to %s is not followed, and not passed on", async (location) => {
    answer = () => new Response(null, { status: 302, headers: { location } });
    const refused = await call("GET", "crm/tickets");
    expect(refused).toMatchObject({ status: 502, body: { code: "upstream_redirect" } });
    expect(refused.headers.get("location")).toBeNull();
  });

  test.each([101, 199, 600, 999])("of the status %i is none of HTTP, and becomes 502", async (status) => {
    answer = () => Object.defineProperty(new Response("x"), "status", { value: status });
    const { headers, ...refused } = await call("GET", "crm/tickets");
    expect(refused).toMatchObject({
      status: 502,
      body: { code: "upstream_unreachable", who: "upstream" },
    });
    expect(signals.at(-1)?.aborted).toBe(true);
    expect(headers.get("dome-request-id")).not.toBeNull();
  });

  it("that never comes is 502, and says that the server has failed", async () => {
    answer = () => Promise.reject(new Error("Network connection lost."));
    expect(await call("GET", "crm/tickets")).toMatchObject({
      status: 502,
      body: { code: "upstream_unreachable", who: "upstream" },
    });
  });
});

describe("a server that fails again and again", () => {
  it("is sent nothing for a while: 503 with Retry-After, and who has failed", async () => {
    await api.addTool({ workspace: home, kind: "http", name: "failing", url: "https://failing.example.com" });
    const agent = await api.start({ name: "patient", workspace: home, surface: { tools: ["failing"] } });
    answer = () => Promise.reject(new Error("Network connection lost."));
    const statuses: number[] = [];
    for (let each = 0; each < 5; each += 1)
      statuses.push((await call("GET", "failing/x", {}, agent.secret)).status);
    expect(statuses).toEqual([502, 502, 502, 502, 502]);
    const withheld = await call("GET", "failing/x", {}, agent.secret);
    expect(withheld).toMatchObject({
      status: 503,
      body: {
        code: "upstream_circuit_open",
        who: "upstream",
        decision_id: expect.stringMatching(/^dec_/) as string,
      },
    });
    expect(Number(withheld.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(sent).toHaveLength(5);
    expect(await call("POST", "undeclared/x", {}, agent.secret)).toMatchObject({ status: 403 });
  });
});

describe("who stands at the door", () => {
  it("without a credential hears where to get a token for this door (RFC 9728)", async () => {
    const response = await worker(new Request(`${TEST_ISSUER}/tools/crm/tickets`));
    expect(response.status).toBe(401);
    const metadata = `${TEST_ISSUER}/.well-known/oauth-protected-resource/tools/crm`;
    expect(response.headers.get("www-authenticate")).toBe(
      `Bearer resource_metadata="${metadata}", scope="tool:crm"`,
    );
    const document = await worker(new Request(metadata));
    expect(await document.json()).toMatchObject({
      resource: `${TEST_ISSUER}/tools/crm`,
      authorization_servers: [TEST_ISSUER],
    });
  });

  it("with a token for this door gets in here, and nowhere else", async () => {
    const narrow = await token(bot.secret, { resource: `${TEST_ISSUER}/tools/crm` });
    expect((await call("GET", "crm/tickets", {}, narrow)).status).toBe(200);
    expect((await call("GET", "open/x", {}, narrow)).status).toBe(401);
    const check = await worker(
      new Request(`${TEST_ISSUER}/api/v1/check`, {
        method: "POST",
        headers: { authorization: `Bearer ${narrow}`, ...JSON_TYPE },
        body: JSON.stringify({ tool: "crm" }),
      }),
    );
    expect(check.status).toBe(401);
  });

  it("with a token that does not cover the operation hears which scope it lacks (RFC 6750 §3.1)", async () => {
    const narrow = await token(bot.secret, { scope: "tool:crm/GET%20%2Ftickets" });
    expect((await call("GET", "crm/tickets", {}, narrow)).status).toBe(200);
    const refused = await call("GET", "crm/tickets/7", {}, narrow);
    expect(refused).toMatchObject({ status: 403, body: { code: "denied", reason: "scope_insufficient" } });
    const metadata = `${TEST_ISSUER}/.well-known/oauth-protected-resource/tools/crm`;
    expect(refused.headers.get("www-authenticate")).toBe(
      `Bearer error="insufficient_scope", resource_metadata="${metadata}", scope="tool:crm/GET%20%2Ftickets%2F%7Bid%7D"`,
    );
    const other = await call("DELETE", "crm/tickets/7");
    expect([other.status, other.headers.get("www-authenticate")]).toEqual([403, null]);
  });

  it("without a verified end user is denied where the agent acts only for one (P7)", async () => {
    const strict = await api.start({
      name: "strict",
      workspace: home,
      surface: { tools: ["crm"] },
      require_actas: "oidc",
    });
    expect(await call("GET", "crm/tickets", {}, strict.secret)).toMatchObject({
      status: 403,
      body: { reason: "actas_required" },
    });
    expect(sent).toEqual([]);
  });

  it.each([
    ["malformed", "open/a//b", {}, 400],
    [
      "of another encoding",
      "open/a",
      { method: "POST", body: "x", headers: { "content-encoding": "br" } },
      415,
    ],
    [
      "a GET with a body, which the platform would drop",
      "open/a",
      { headers: { "content-length": "2" } },
      400,
    ],
  ])("hears that the call is %s, and that this is its own fault", async (_what, path, init, status) => {
    const { method = "GET" } = init as RequestInit;
    expect(await call(method, path, init)).toMatchObject({ status, body: { who: "caller" } });
    expect(sent).toEqual([]);
  });

  it("takes a method that the door does not forward as 405", async () => {
    const refused = await call("PROPFIND", "crm/tickets");
    expect(refused).toMatchObject({ status: 405, body: { who: "caller" } });
    expect(refused.headers.get("allow")).toBe("GET, HEAD, POST, PUT, PATCH, DELETE");
  });
});

/** A body that says `first`, and then nothing until the connection is closed. */
const streaming = (): Response => {
  const signal = signals.at(-1);
  return new Response(
    new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode("first"));
        signal?.addEventListener("abort", () => controller.error(new Error("closed")));
      },
    }),
  );
};

async function openStream(path: string, key: string) {
  const headers = { authorization: `Bearer ${key}` };
  const response = await worker(new Request(`${TEST_ISSUER}/tools/${path}`, { headers }));
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
  return { reader, decision: response.headers.get("dome-decision-id") };
}

const outcomeOf = async (decision: string | null) =>
  (await api.audit({ workspace: home, kind: "call.outcome" })).find(
    (entry) => entry.decision_id === decision,
  );

describe("an answer that streams", () => {
  it("ends at the server when the caller goes away, and its outcome says so", async () => {
    answer = streaming;
    const { reader, decision } = await openStream("open/events", bot.secret);
    await reader.cancel();
    await expect.poll(() => signals.at(-1)?.aborted).toBe(true);
    await expect
      .poll(() => outcomeOf(decision), { timeout: 8_000 })
      .toMatchObject({ outcome: "failed", reason: "caller_gone", data: { received: 5 } });
  });

  it("that the server breaks off is broken off for the caller, and its outcome says so", async () => {
    let begun = false;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      if (begun) controller.error(new Error("Network connection lost."));
      else controller.enqueue(new TextEncoder().encode("first"));
      begun = true;
    };
    answer = () => new Response(new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 }));
    const { reader, decision } = await openStream("open/events", bot.secret);
    await expect(reader.read()).rejects.toBeInstanceOf(Error);
    await expect
      .poll(() => outcomeOf(decision), { timeout: 8_000 })
      .toMatchObject({ outcome: "failed", reason: "upstream_lost" });
  });

  it("is cut on both sides by a stop, and every act has an outcome that says so (P3)", async () => {
    const agent = await api.start({ name: "streaming", workspace: home, surface: { tools: ["open"] } });
    answer = streaming;
    const open = await Promise.all(
      Array.from({ length: 5 }, (_each, at) => openStream(`open/s${at}`, agent.secret)),
    );
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false, false, false]);
    const { halt } = await api.stop(agent.id, "suspend");
    for (const { reader } of open) await expect(reader.read()).rejects.toBeInstanceOf(Error);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true, true, true]);
    await expect
      .poll(
        async () => {
          const entries = await api.audit({ workspace: home, kind: "call.outcome", agent: agent.id });
          return entries.map(({ outcome }) => outcome);
        },
        { timeout: 10_000 },
      )
      .toEqual(["cut", "cut", "cut", "cut", "cut"]);
    const admitted = (await api.halt(agent.id, halt?.id ?? "")).last_admitted;
    expect(open.map(({ decision }) => decision)).toContain(admitted?.decision_id);
  }, 30_000);
});
