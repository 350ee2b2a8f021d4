/** What the MCP door of a tool refuses before anybody decides: messages, headers and credentials. */
import { describe, expect, it, test } from "vitest";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { MODERN_META, modernRequest } from "../support/mcp-client-request.ts";
import { eventually, token, worker } from "../support/worker-api.ts";
import { api, call, here, post, server } from "./mcp-door.fixture.ts";

describe("a message that is not as the revision says", () => {
  const wrong = (over: Record<string, string | null>, body = call("search").body) =>
    post("crm", { ...call("search"), body }, over);

  test.each<[string, number, number, () => ReturnType<typeof post>]>([
    ["a wrong Mcp-Method (G-3)", 400, -32_020, () => wrong({ "mcp-method": "tools/list" })],
    ["no Mcp-Method (G-3)", 400, -32_020, () => wrong({ "mcp-method": null })],
    [
      "a wrong Mcp-Name: what is decided on is the body (G-3)",
      400,
      -32_020,
      () => wrong({ "mcp-name": "remove" }),
    ],
    ["no Mcp-Name (G-3)", 400, -32_020, () => wrong({ "mcp-name": null })],
    ["no version in its header (G-5)", 400, -32_020, () => wrong({ "mcp-protocol-version": null })],
    [
      "another version in its header (G-5)",
      400,
      -32_020,
      () => wrong({ "mcp-protocol-version": "2025-11-25" }),
    ],
    [
      "a version that nobody speaks (G-5)",
      400,
      -32_022,
      () =>
        wrong(
          { "mcp-protocol-version": "2027-01-01" },
          call("search").body.replace("2026-07-28", "2027-01-01"),
        ),
    ],
    [
      "no _meta (G-5)",
      400,
      -32_602,
      () =>
        wrong(
          {},
          JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "search" } }),
        ),
    ],
    [
      "a header for an argument that says another thing (G-4)",
      400,
      -32_020,
      () => post("crm", call("search", { q: "x", region: "eu" }), { "mcp-param-region": "us" }),
    ],
    [
      "no header for an argument that has one (G-4)",
      400,
      -32_020,
      () => post("crm", call("search", { q: "x", region: "eu" })),
    ],
    [
      "a header for an argument that is not there (G-4)",
      400,
      -32_020,
      () => post("crm", call("search"), { "mcp-param-region": "us" }),
    ],
    ["a batch (G-1)", 400, -32_600, () => wrong({}, `[${call("search").body}]`)],
    [
      "a response: the server has asked nothing (G-1)",
      400,
      -32_600,
      () => wrong({}, '{"jsonrpc":"2.0","id":1,"result":{}}'),
    ],
    ["an id that is null", 400, -32_600, () => wrong({}, call("search").body.replace('"id":1', '"id":null'))],
    ["a member twice", 400, -32_600, () => wrong({}, call("search").body.replace('"id":1', '"id":1,"id":2'))],
    ["no JSON", 400, -32_700, () => wrong({}, "{")],
    ["a method of the other era", 404, -32_601, () => post("crm", modernRequest("ping"))],
    ["a method of tasks", 404, -32_601, () => post("crm", modernRequest("tasks/get", { taskId: "1" }))],
    [
      "a task to be made",
      400,
      -32_602,
      () => post("crm", modernRequest("tools/call", { name: "search", task: {} })),
    ],
  ])("%s is refused, and nothing is sent", async (_what, status, code, asked) => {
    const refused = await asked();
    expect([refused.status, refused.body.error]).toMatchObject([status, { code }]);
    expect(server.sent).toEqual([]);
  });

  test.each<[string, number, Record<string, string>]>([
    ["an Accept that excludes JSON (G-2)", 406, { accept: "text/html" }],
    [
      "an Accept that excludes JSON by its weight (G-2)",
      406,
      { accept: "text/event-stream, application/json;q=0" },
    ],
    ["another media type", 415, { "content-type": "text/plain" }],
    ["a compressed body", 415, { "content-encoding": "gzip" }],
    ["the origin of another site (G-12)", 403, { origin: "https://evil.example" }],
    ["an origin that is none", 403, { origin: "null" }],
    ["a context of Dome", 400, { "dome-context": "x" }],
    ["a way through Dome behind it", 400, { via: "1.1 dome" }],
  ])("%s is refused, and nothing is sent", async (_what, status, headers) => {
    expect((await wrong(headers)).status).toBe(status);
    expect(server.sent).toEqual([]);
  });

  it.each([
    "*/*",
    "application/json",
    "application/*, text/event-stream",
    "text/event-stream, application/json",
  ])("passes with Accept: %s", async (accept) => expect((await wrong({ accept })).status).toBe(200));

  it("is refused with its credential in it, because it would reach the server (P10)", async () => {
    const inside = await post("crm", call("search", { q: here.bot.secret }));
    expect([inside.status, inside.text.includes(here.bot.secret)]).toEqual([400, false]);
    const [record] = await eventually(async () => {
      const all = await api.audit({ workspace: here.home, kind: "credential.refused" });
      if (all.length === 0) throw new Error("no record yet");
      return all;
    });
    const data = { path: "/mcp/{tool}", at: "body" };
    expect(record).toMatchObject({ reason: "misplaced", target: { type: "tool", id: "crm" }, data });
    expect((await post("crm", call("search"), { "mcp-param-x": here.bot.secret })).status).toBe(400);
    expect(server.sent).toEqual([]);
  });

  it("is refused with a token of the agent in it, whatever it authenticates with (P10)", async () => {
    const held = await token(here.bot.secret);
    const escaped = `file:///${held.replace("eyJ", "%65yJ")}`;
    const refused = await Promise.all([
      post("crm", call("search", { q: held })),
      post("crm", call("search", { q: "x", [held]: 1 })),
      post("crm", modernRequest("resources/read", { uri: escaped })),
      post("crm", call("search"), { "user-agent": held }),
      post("crm", call("search", { q: here.bot.secret }), {}, held),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    expect(server.sent).toEqual([]);
  });

  it("that is a notification is taken, and needs no headers", async () => {
    const body = JSON.stringify({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { _meta: MODERN_META },
    });
    const taken = await wrong({ "mcp-method": null, "mcp-name": null }, body);
    expect([taken.status, taken.text]).toEqual([202, ""]);
  });

  it.each([
    ["GET", "POST"],
    ["DELETE", "POST"],
    ["PUT", "POST, GET, DELETE"],
  ])("is a POST without a session: %s is 405 (G-1)", async (method, allow) => {
    const response = await worker(
      new Request(`${TEST_ISSUER}/mcp/crm`, {
        method,
        headers: { authorization: `Bearer ${here.bot.secret}` },
      }),
    );
    expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
  });
});

describe("a refusal of what could not be read whole", () => {
  const BODY = `{"jsonrpc":"2.0","id":"r-7","method":"tools/call","params":{"name":"search","arguments":`;
  it.each([
    ["a member twice among the arguments", 400, `${BODY}{"q":"x","q":"y"}}}`, {}],
    ["a number that a double cannot hold", 400, `${BODY}{"n":12345678901234567890}}}`, {}],
    ["a member named __proto__", 400, `${BODY}{"__proto__":1}}}`, {}],
    ["half a character", 400, `${BODY}{"q":"\\ud800"}}}`, {}],
    ["another media type", 415, `${BODY}{"q":"x"}}}`, { "content-type": "text/plain" }],
  ])("stands under the request's id: %s", async (_what, status, body, headers) => {
    const refused = await post("crm", { ...call("search"), body }, headers);
    expect([refused.status, refused.body.id]).toEqual([status, "r-7"]);
    expect(server.sent).toEqual([]);
  });

  it.each([
    ["it has two ids", `{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}`],
    ["its id is written in two ways", `{"jsonrpc":"2.0","id":1,"\\u0069d":2,"method":"ping"}`],
    ["its id is a number that a double cannot hold", `{"jsonrpc":"2.0","id":12345678901234567890}`],
    ["its id has half a character", `{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}`],
    ["it is no JSON", `{"jsonrpc":"2.0","id":1,`],
    ["it is a list", `[{"id":1,"id":2}]`],
  ])("stands under no id when %s", async (_what, body) => {
    const refused = await post("crm", { ...call("search"), body });
    expect([refused.status, refused.body.id]).toEqual([400, null]);
  });

  it.each(["/mcp/", "/mcp/crm/", "/mcp/crm/x", "/mcp/NONE"])(
    "is one that an MCP client can read at %s, where no door is",
    async (path) => {
      const { headers, body } = call("search", {}, "r-8");
      const response = await worker(
        new Request(TEST_ISSUER + path, {
          method: "POST",
          headers: { ...headers, authorization: `Bearer ${here.bot.secret}` },
          body,
        }),
      );
      expect(response.headers.get("content-type")).toBe("application/json");
      expect([response.status, await response.json()]).toMatchObject([
        404,
        { jsonrpc: "2.0", id: "r-8", error: { data: { code: "not_found" } } },
      ]);
    },
  );
});

describe("a caller without a right to the door", () => {
  const METADATA = `resource_metadata="${TEST_ISSUER}/.well-known/oauth-protected-resource/mcp/crm", scope="tool:crm"`;

  it("without a credential is told where to get one (MA-1), and its body is not read", async () => {
    const { status, headers, body } = await post("crm", call("search"), {}, null);
    expect([status, headers.get("www-authenticate"), body.id]).toEqual([401, `Bearer ${METADATA}`, null]);
  });

  it("with a made-up one is refused under no id", async () => {
    const { status, headers, body } = await post("crm", call("search"), {}, `dome_at_${"0".repeat(49)}`);
    expect([status, headers.get("www-authenticate"), body.id]).toEqual([
      401,
      `Bearer error="invalid_token", ${METADATA}`,
      null,
    ]);
  });

  it("with a token for another door is refused under the id of its request (MA-2)", async () => {
    const elsewhere = await token(here.bot.secret, { resource: `${TEST_ISSUER}/tools/crm` });
    const { status, body } = await post("crm", call("search", {}, "r-1"), {}, elsewhere);
    expect([status, body]).toMatchObject([401, { id: "r-1", error: { code: 4010 } }]);
  });

  it("with a token for this door passes", async () => {
    const own = await token(here.bot.secret, { resource: `${TEST_ISSUER}/mcp/crm` });
    expect((await post("crm", call("search"), {}, own)).status).toBe(200);
  });

  it("finds the door's metadata, with the URL that a token is for", async () => {
    const response = await worker(new Request(`${TEST_ISSUER}/.well-known/oauth-protected-resource/mcp/crm`));
    expect(await response.json()).toMatchObject({
      resource: `${TEST_ISSUER}/mcp/crm`,
      authorization_servers: [TEST_ISSUER],
      scopes_supported: ["tool:crm"],
    });
  });
});
