/**
 * The embedded server's own socket believes nothing that only a front end could vouch for, and is no way to the Worker's
 * other handlers. Requests are written byte by byte.
 */
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { endEverything, startServer, type RunningServer } from "../support/server.ts";
import { listeningPorts, rawCall, type RawAnswer } from "../support/raw-http.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(endEverything);

const REQUEST_ID = /^req_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

const send = (...lines: readonly string[]): Promise<RawAnswer> => rawCall(server.port, lines);
const asAdmin = (): string => `Authorization: Bearer ${server.adminToken}`;
const jsonOf = (answer: RawAnswer): unknown => JSON.parse(answer.body);

/** Every record of the trail, newest first, as JSON. */
async function trail(): Promise<string> {
  const answer = await send("GET /api/v1/audit?readings=true HTTP/1.1", "Host: dome", asAdmin());
  expect(answer.status).toBe(200);
  return answer.body;
}

describe("the path that is served is that of the request line, because a proxy in front has compared it", () => {
  test.each([
    ["a replaced URL", ["Host: dome", "MF-Original-URL: http://dome/api/v1/operators"]],
    ["a replaced host", ["Host: dome", "MF-Original-Hostname: dome/api/v1/operators?"]],
    ["another route", ["Host: dome", "MF-Route-Override: dome"]],
    ["an operation of the runtime", ["Host: dome", "MF-Op: GET", "MF-Op-Target: x", "MF-Op-Secret: 00"]],
  ])("with %s", async (_what, lines) => {
    const answer = await send("GET /healthz HTTP/1.1", ...lines, asAdmin());
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toEqual({ status: "ok" });
  });

  test.each([
    "dome/api/v1/operators?",
    "dome/api/v1/operators#",
    "dome\\api\\v1\\operators?",
    "dome@other",
    "user:word@dome",
    "dome:80:80",
    "dome:999999",
    "[::1",
    "foo bar",
    "a, b",
    "d%6fme",
  ])("whatever the host is: %j is refused", async (host) => {
    const answer = await send("GET /healthz HTTP/1.1", `Host: ${host}`, asAdmin());
    expect([answer.status, jsonOf(answer)]).toMatchObject([400, { code: "invalid_request" }]);
    expect(answer.headers.get("dome-request-id")).toMatch(REQUEST_ID);
  });

  test.each([
    "/healthz/../api/v1/operators",
    "/healthz/%2e%2e/api/v1/operators",
    "/healthz/.%2E/api/v1/operators",
    "/healthz\\..\\api\\v1\\operators",
    "/./api/v1/operators",
    "/api/v1/operators/.",
    "/api/v1/%6fperators",
    "/api/v1/oper%61tors?x=%41",
  ])(
    "however it is written: %j is refused, because it is not the path that would be served",
    async (path) => {
      const answer = await send(`GET ${path} HTTP/1.1`, "Host: dome", asAdmin());
      expect([answer.status, jsonOf(answer)]).toMatchObject([400, { code: "invalid_request" }]);
      expect(answer.headers.get("dome-request-id")).toMatch(REQUEST_ID);
    },
  );

  test.each(["dome", "dome.example.com:8443", "127.0.0.1", "[::1]:80", "my_dome", "DOME."])(
    "a host as it should be is served: %s",
    async (host) => {
      expect((await send("GET /healthz HTTP/1.1", `Host: ${host}`)).status).toBe(200);
    },
  );

  test.each([
    "/cdn-cgi/local/platform-proxy",
    "/cdn-cgi/local/scheduled",
    "/cdn-cgi/local/email",
    "/cdn-cgi/",
  ])("%s of the development front end is not there", async (path) => {
    const answer = await send(`GET ${path} HTTP/1.1`, "Host: localhost");
    expect([answer.status, jsonOf(answer)]).toMatchObject([404, { code: "not_found" }]);
  });
});

describe("what a client says of itself is not recorded as if the platform had said it (P8)", () => {
  it("records neither an address nor a country that a header names", async () => {
    const answer = await send(
      "GET /api/v1/audit HTTP/1.1",
      "Host: dome",
      asAdmin(),
      'MF-CF-Blob: {"colo":"AMS","country":"KP","clientIp":"203.0.113.7:1"}',
      "CF-Connecting-IP: 203.0.113.7",
      "CF-IPCountry: KP",
      "User-Agent: raw/1",
    );
    expect(answer.status).toBe(200);
    await expect.poll(trail).toContain("raw/1");
    expect(await trail()).not.toMatch(/203\.0\.113\.7|"KP"/);
  });

  test.each(["x", "{", '"', "null", "[]", '{"colo":1}', ""])(
    "serves a request whose front-end JSON is %j as any other",
    async (blob) => {
      const answer = await send(
        "GET /api/v1/status HTTP/1.1",
        "Host: dome",
        `MF-CF-Blob: ${blob}`,
        asAdmin(),
      );
      expect(answer.status).toBe(200);
    },
  );
});

describe("every answer is Dome's and has a request id, however odd the request", () => {
  test.each([
    ["two hosts", 400, ["GET /healthz HTTP/1.1", "Host: a", "Host: b"]],
    ["the same host twice", 400, ["GET /healthz HTTP/1.1", "Host: a", "Host: a"]],
    ["the server as a whole", 204, ["OPTIONS * HTTP/1.1", "Host: dome"]],
    ["GET of the server as a whole", 404, ["GET * HTTP/1.1", "Host: dome"]],
    ["the absolute form", 200, ["GET http://elsewhere/healthz HTTP/1.1", "Host: dome"]],
    ["a target without a slash", 404, ["GET healthz HTTP/1.1", "Host: dome"]],
    ["two slashes", 404, ["GET //elsewhere/healthz HTTP/1.1", "Host: dome"]],
    ["a path that is not decodable", 404, ["GET /%zz%00 HTTP/1.1", "Host: dome"]],
    ["TRACE", 405, ["TRACE /healthz HTTP/1.1", "Host: dome"]],
    ["PROPFIND", 405, ["PROPFIND /healthz HTTP/1.1", "Host: dome"]],
    ["an upgrade", 200, ["GET /healthz HTTP/1.1", "Host: dome", "Upgrade: websocket"]],
    ["2,000 headers", 200, ["GET /healthz HTTP/1.1", "Host: dome", ...Array<string>(2_000).fill("a: b")]],
  ])("%s", async (_what, status, lines) => {
    const answer = await send(...lines);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("dome-request-id")).toMatch(REQUEST_ID);
  });

  it("a body where none belongs", async () => {
    const lines = ["GET /healthz HTTP/1.1", "Host: dome", "Content-Length: 3"];
    const answer = await rawCall(server.port, lines, "abc");
    expect(answer.status).toBe(200);
  });
});

it("opens no tunnel: workerd answers a CONNECT by itself, and would promise one if the entrypoint took it", async () => {
  const answer = await send("CONNECT example.com:443 HTTP/1.1", "Host: example.com:443", asAdmin());
  expect([answer.status, answer.body]).toEqual([500, "Internal Server Error"]);
  expect((await send("GET /healthz HTTP/1.1", "Host: dome")).status).toBe(200);
});

describe("a second runtime", () => {
  /** Calls as Miniflare's own would, over the connection that it opens on every socket with this CONNECT. */
  async function callsOver(ports: Record<string, number>): Promise<Record<string, string>> {
    const attacker = new Miniflare({
      telemetry: { enabled: false },
      enableDevRegistry: false,
      cf: {},
      handleStructuredLogs: () => undefined,
      workers: [
        {
          config: {
            name: "attacker",
            compatibilityDate: "2026-10-20",
            manifest: { mainModule: "index.js", modules: { "index.js": { type: "esm", contents: ATTACK } } },
            env: Object.fromEntries(
              Object.entries(ports).map(([name, port]) => [
                name,
                { type: "external" as const, address: `127.0.0.1:${port}`, http: {} },
              ]),
            ),
          },
        },
      ],
    });
    try {
      return (await (await attacker.dispatchFetch("http://attack/")).json()) as Record<string, string>;
    } finally {
      await attacker.dispose();
    }
  }

  const ATTACK = `
    const batch = { queue: "dome-audit-dlq", messages: [{ id: "forged", timestamp: new Date(), attempts: 1, body: { forged: true } }] };
    const calls = {
      queue: (target) => target.queue(batch),
      scheduled: (target) => target.scheduled({ cron: "forged", scheduledTime: 0 }),
      alarm: (target) => target.alarm({}),
      anything: (target) => target.constructor.constructor("return 1")(),
    };
    export default { fetch: async (_request, env) => {
      const outcomes = {};
      for (const [name, target] of Object.entries(env)) for (const [call, attempt] of Object.entries(calls)) {
        try { await attempt(target); outcomes[name + "." + call] = "reached"; }
        catch (error) { outcomes[name + "." + call] = "refused"; }
      }
      return Response.json(outcomes);
    } };`;

  it("reaches a default entrypoint on such a socket, which is why the server's has another one", async () => {
    const victim = new Miniflare({
      telemetry: { enabled: false },
      enableDevRegistry: false,
      cf: {},
      handleStructuredLogs: () => undefined,
      workers: [
        {
          config: {
            name: "victim",
            compatibilityDate: "2026-10-20",
            manifest: {
              mainModule: "index.js",
              modules: {
                "index.js": {
                  type: "esm",
                  contents:
                    "export default { fetch: () => new Response(), queue: () => {}, scheduled: () => {} }",
                },
              },
            },
          },
          dev: { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] },
        },
      ],
    });
    const { port } = await victim.unsafeGetDirectURL("victim");
    const outcomes = await callsOver({ victim: Number(port) });
    await victim.dispose();
    expect(outcomes).toMatchObject({ "victim.queue": "reached", "victim.scheduled": "reached" });
  });

  it("reaches neither queue nor scheduled on any port of the server (P8)", async () => {
    const ports = listeningPorts(server.pids.workerd);
    expect(ports).toHaveLength(2);
    expect(ports).toContainEqual({ address: "0100007F", port: server.port });
    const outcomes = await callsOver(Object.fromEntries(ports.map(({ port }, index) => [`p${index}`, port])));
    expect(new Set(Object.values(outcomes))).toEqual(new Set(["refused"]));
  });

  it("gets nothing from the runtime's own entry, which stays open on this machine alone", async () => {
    const [entry] = listeningPorts(server.pids.workerd).filter(({ port }) => port !== server.port);
    expect(entry?.address).toBe("0100007F");
    for (const path of ["/healthz", "/api/v1/operators", "/cdn-cgi/local/scheduled"]) {
      const answer = await rawCall(entry?.port ?? 0, [`GET ${path} HTTP/1.1`, "Host: localhost", asAdmin()]);
      expect([answer.status, jsonOf(answer)]).toMatchObject([404, { code: "not_found" }]);
      expect(answer.headers.get("dome-request-id")).toMatch(REQUEST_ID);
    }
    const schema = await rawCall(entry?.port ?? 0, [
      "POST / HTTP/1.1",
      "Host: localhost",
      "MF-Route-Override: dome-schema",
      "Content-Length: 0",
      asAdmin(),
    ]);
    expect([schema.status, schema.body]).toEqual([404, ""]);
    const proxied = await rawCall(entry?.port ?? 0, [
      "GET /cdn-cgi/local/platform-proxy HTTP/1.1",
      "Host: localhost",
      "MF-Op: GET",
      "MF-Op-Target: {}",
      "MF-Op-Secret: 00000000000000000000000000000000",
    ]);
    expect(proxied.status).toBe(401);
  });
});

it("listens on the address that it was given, and on no other", async () => {
  const six = await startServer({ args: ["--host", "::1"] });
  expect(six.url).toBe(`http://[::1]:${six.port}`);
  expect((await fetch(`${six.url}/healthz`)).status).toBe(200);
  expect(listeningPorts(six.pids.workerd).filter(({ port }) => port === six.port)).toEqual([
    { address: "00000000000000000000000001000000", port: six.port },
  ]);
  await six.stop();
});
