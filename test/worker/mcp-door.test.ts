/** Calls, answers and lists at the MCP door of a tool, for modern clients. */
import { describe, expect, it, test } from "vitest";
import { toHex, utf8 } from "../../src/kernel/bytes.ts";
import { sha256Sync } from "../../src/kernel/digest.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { modernRequest } from "../support/mcp-client-request.ts";
import { token, worker } from "../support/worker-api.ts";
import { api, call, complete, here, post, SECRET, server, TOOLS, type Asked } from "./mcp-door.fixture.ts";

describe("a call of a tool through its MCP door", () => {
  it("reaches the server as it came, with Dome's credential and never with the caller's (P10)", async () => {
    const request = call("search", { q: "x", region: "Zürich " });
    const body = request.body.replace('"q":"x"', '"q" : "\\u0078"');
    const answered = await post(
      "crm",
      { ...request, body },
      {
        "mcp-param-region": "=?base64?WsO8cmljaCA=?=",
        "mcp-param-other": "passes",
        "mcp-session-id": "of-the-client",
        cookie: "session=1",
        "x-forwarded-for": "10.0.0.1",
        "last-event-id": "7",
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      },
    );
    expect(answered).toMatchObject({ status: 200, body: { id: 1, result: { resultType: "complete" } } });
    expect(answered.headers.get("dome-decision-id")).toMatch(/^dec_/);
    const [seen] = server.sent;
    expect(seen).toMatchObject({ url: "https://crm.example.com/mcp", body });
    expect(Object.fromEntries(seen?.headers ?? [])).toEqual({
      accept: "application/json, text/event-stream",
      "accept-encoding": "identity",
      authorization: `Bearer ${SECRET}`,
      "content-type": "application/json",
      "mcp-method": "tools/call",
      "mcp-name": "search",
      "mcp-param-other": "passes",
      "mcp-param-region": "=?base64?WsO8cmljaCA=?=",
      "mcp-protocol-version": "2026-07-28",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      via: "1.1 dome",
    });
  });

  it.each([0, "", "a", -7, 9_007_199_254_740_991])("keeps type and value of the id %j", async (id) => {
    expect((await post("crm", call("search", { q: "x" }, id))).body.id).toBe(id);
  });

  it("leaves its intent and its outcome, with who asked, what, and how it ended (P8)", async () => {
    const request = call("search");
    const { headers, text } = await post("crm", request);
    const decision = headers.get("dome-decision-id");
    await expect
      .poll(
        async () =>
          (await api.audit({ workspace: here.home, kind: "call.*" }))
            .filter((entry) => entry.decision_id === decision)
            .toSorted((a, b) => a.kind.localeCompare(b.kind)),
        { timeout: 8_000 },
      )
      .toMatchObject([
        { kind: "call.intent", action: "mcp:call", target: { id: "crm/search" }, decision: "allow" },
        {
          kind: "call.outcome",
          outcome: "completed",
          data: {
            status: 200,
            attempts: 1,
            sent_sha256: toHex(sha256Sync(utf8(request.body))),
            received_sha256: toHex(sha256Sync(utf8(text))),
            received: text.length,
          },
        },
      ]);
  });

  it("with arguments that do not match the pinned schema is a result that the model can read, and nothing is sent", async () => {
    const { status, body } = await post("crm", call("search", {}));
    expect([status, body.id]).toEqual([200, 1]);
    expect(body.result).toMatchObject({
      resultType: "complete",
      isError: true,
      content: [{ type: "text", text: expect.stringContaining('"/q" is missing') as string }],
      _meta: { "dome/decision": { decision: "deny", reason: "arguments_invalid" } },
    });
    expect(server.sent).toEqual([]);
  });

  it("whose definition has changed since it was approved is refused as a result (P1)", async () => {
    const { body } = await post("changed", call("search"));
    expect(body.result).toMatchObject({
      isError: true,
      _meta: { "dome/decision": { reason: "operation_quarantined" } },
    });
    expect(server.sent).toEqual([]);
  });

  test.each([
    ["that the server does not have", "crm", "nope"],
    ["of a server that the agent has not declared", "undeclared", "search"],
    ["of a tool that is not there", "missing", "search"],
    ["of a server that was never listed", "unlisted", "search"],
    ["of a tool that is no server", "own", "search"],
    ["with a name that no tool can have", "crm", "a b"],
  ])("%s has one answer, -32602, and nothing is sent (P11)", async (_what, tool, name) => {
    const { status, body } = await post(tool, call(name));
    expect([status, body]).toMatchObject([200, { id: 1, error: { code: -32_602 } }]);
    expect(server.sent).toEqual([]);
  });

  it("outside the token's scope is 403 with the scope that it needs", async () => {
    const narrow = await token(here.bot.secret, { scope: "tool:crm/remove" });
    const refused = await post("crm", call("search"), {}, narrow);
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toBe(
      `Bearer error="insufficient_scope", scope="tool:crm/search", resource_metadata="${TEST_ISSUER}/.well-known/oauth-protected-resource/mcp/crm"`,
    );
  });

  it("without a usable credential sends nothing, and says that Dome lacks it", async () => {
    const { body } = (await api.call("GET", `/tools/keyless/secrets?workspace=${here.home}`)) as {
      body: { items: { id: string }[] };
    };
    await api.call("DELETE", `/tools/keyless/secrets/${body.items[0]?.id ?? ""}?workspace=${here.home}`);
    const refused = await post("keyless", call("search"));
    expect([refused.status, refused.body.error]).toMatchObject([
      502,
      { data: { who: "dome", code: "upstream_credential_missing" } },
    ]);
    expect(server.sent).toEqual([]);
  });
});

describe("an answer of the server", () => {
  const answeredWith = async (response: (asked: Asked) => Response) => {
    server.answer = response;
    return post("crm", call("search"));
  };

  it("passes byte for byte, numbers that a double cannot hold among it", async () => {
    const text =
      '{"jsonrpc":"2.0", "id":1,"result":{"resultType":"complete","content":[],"n":12345678901234567890}}';
    const { text: got } = await answeredWith(
      () => new Response(text, { headers: { "content-type": "application/json" } }),
    );
    expect(got).toBe(text);
  });

  it("does not show the credential that Dome has sent to it, in an error or in a result (P10)", async () => {
    const error = { code: -32_000, message: `upstream says Bearer ${SECRET}` };
    server.answer = ({ id }) => Response.json({ jsonrpc: "2.0", id, error });
    const failed = await post("crm", call("search"));
    expect(failed.body.error).toMatchObject({ message: `upstream says Bearer ${"*".repeat(SECRET.length)}` });
    server.answer = ({ id }) => complete(id, { content: [{ type: "text", text: SECRET }] });
    expect((await post("crm", call("search"))).text).not.toContain(SECRET);
  });

  it("that names no type is a complete one (2026-07-28, Results)", async () => {
    const { body } = await answeredWith(({ id }) =>
      Response.json({ jsonrpc: "2.0", id, result: { content: [] } }),
    );
    expect(body.result).toEqual({ content: [], resultType: "complete" });
  });

  it("with an error under another id stands under the id of the request", async () => {
    const error = { code: -32_000, message: "no" };
    const { status, body } = await answeredWith(() => Response.json({ jsonrpc: "2.0", id: null, error }));
    expect([status, body]).toEqual([200, { jsonrpc: "2.0", id: 1, error }]);
  });

  it.each([401, 403, 407])("of %i is about Dome's credential, and never the caller's 401", async (status) => {
    const refused = await answeredWith(() => new Response("login", { status }));
    expect([refused.status, refused.headers.get("www-authenticate"), refused.body.error]).toMatchObject([
      502,
      null,
      { data: { who: "upstream", code: "upstream_refused" } },
    ]);
  });

  test.each<[string, (asked: Asked) => Response]>([
    ["a page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["nothing", () => new Response(null, { status: 202 })],
    ["a fault", () => new Response("oops", { status: 500 })],
    ["half a message", () => new Response('{"jsonrpc"', { headers: { "content-type": "application/json" } })],
    ["a result for another request", () => complete(7)],
    ["the id as a text", () => complete("1")],
    ["a member twice", () => new Response('{"jsonrpc":"2.0","id":1,"id":1,"result":{}}')],
    ["a task", ({ id }) => complete(id, { resultType: "task" })],
    ["bytes that are not UTF-8", () => new Response(new Uint8Array([0x7b, 0xff, 0x7d]))],
    [
      "an encoding that was not asked for",
      ({ id }) => {
        const response = complete(id);
        return new Response(response.body, { headers: { "content-encoding": "zstd" } });
      },
    ],
    [
      "a request in place of a response",
      () => Response.json({ jsonrpc: "2.0", id: 1, method: "roots/list" }),
    ],
  ])("with %s is the server's failure, in words, under the request's id", async (_what, response) => {
    const refused = await answeredWith(response);
    expect([refused.status, refused.body]).toMatchObject([
      502,
      { id: 1, error: { code: 5020, data: { who: "upstream", code: "upstream_failed" } } },
    ]);
  });

  it("asks for input only what the client has said that it can give, and passes that as it is (G-11)", async () => {
    const result = {
      resultType: "input_required",
      inputRequests: { name: { method: "elicitation/create", params: { message: "Who?" } } },
      requestState: "opaque",
    };
    const asked = await answeredWith(({ id }) => Response.json({ jsonrpc: "2.0", id, result }));
    expect(asked.body.error).toMatchObject({ data: { who: "upstream", code: "upstream_failed" } });
    const request = call("search");
    const body = request.body.replace('clientCapabilities":{}', 'clientCapabilities":{"elicitation":{}}');
    expect((await post("crm", { ...request, body })).body.result).toEqual(result);
  });

  it("of 401, where the entry names no credential, does not say that one was refused", async () => {
    server.answer = () => new Response("who?", { status: 401 });
    const { status, body } = await post("changed", call("remove", {}));
    const message = expect.stringContaining("entry names none") as string;
    expect([status, body.error]).toMatchObject([
      502,
      { message, data: { who: "upstream", code: "upstream_refused" } },
    ]);
  });

  it("that redirects is not followed", async () => {
    const refused = await answeredWith(
      () => new Response(null, { status: 307, headers: { location: "https://elsewhere.example.com/" } }),
    );
    expect(refused.body.error).toMatchObject({ data: { who: "upstream", code: "upstream_redirect" } });
  });
});

const eventsOf = (...parts: readonly string[]): Response =>
  new Response(
    new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
const event = (message: object): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
const PROGRESS = {
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progressToken: 1, progress: 1 },
};
const RESULT = { jsonrpc: "2.0", id: 1, result: { resultType: "complete", content: [] } };

describe("a stream of the server", () => {
  it("passes as it came, up to the response, and says that nobody may buffer it", async () => {
    server.answer = () => eventsOf(event(PROGRESS), event(RESULT), event(PROGRESS));
    const { status, headers, text } = await post("crm", call("search"));
    expect([status, headers.get("content-type"), headers.get("x-accel-buffering")]).toEqual([
      200,
      "text/event-stream",
      "no",
    ]);
    expect(text).toBe(event(PROGRESS) + event(RESULT));
  });

  it("asks the client nothing: a request of the server is not passed on", async () => {
    server.answer = () => eventsOf(event({ jsonrpc: "2.0", id: 0, method: "roots/list" }), event(RESULT));
    expect((await post("crm", call("search"))).text).toBe(event(RESULT));
  });

  it("that ends without a response is answered by an error that says who failed", async () => {
    server.answer = () => eventsOf(event(PROGRESS));
    const { text } = await post("crm", call("search"));
    expect(text.startsWith(event(PROGRESS))).toBe(true);
    expect(text).toContain('"who":"upstream","code":"upstream_unreachable"');
  });

  it("that is no protocol ends with an error under the request's id", async () => {
    server.answer = () => eventsOf("data: {oops\n\n");
    const { text } = await post("crm", call("search"));
    expect(text).toContain('"id":1,"error":{"code":5020');
  });

  it("is its response alone for a client that takes JSON only", async () => {
    server.answer = () => eventsOf(event(PROGRESS), event(RESULT));
    const { body } = await post("crm", call("search"), { accept: "application/json" });
    expect(body).toEqual(RESULT);
  });

  it("is closed at the server when the client closes it (2026-07-28, Cancellation)", async () => {
    server.answer = () =>
      new Response(new ReadableStream(), { headers: { "content-type": "text/event-stream" } });
    const { headers, body } = call("search");
    const response = await worker(
      new Request(`${TEST_ISSUER}/mcp/crm`, {
        method: "POST",
        headers: { ...headers, authorization: `Bearer ${here.bot.secret}` },
        body,
      }),
    );
    await response.body?.cancel();
    await expect.poll(() => server.sent[0]?.signal?.aborted).toBe(true);
  });
});

describe("the tools that the door lists", () => {
  it("are the pinned ones, as they were listed, for nobody else to keep (G-8), without a call of the server", async () => {
    const { body } = await post("crm", modernRequest("tools/list"));
    expect(body.result).toEqual({
      resultType: "complete",
      tools: [TOOLS[2], TOOLS[1], TOOLS[0]],
      ttlMs: 0,
      cacheScope: "private",
    });
  });

  it("lack those that are quarantined", async () => {
    const { body } = await post("changed", modernRequest("tools/list"));
    expect(body.result["tools"]).toMatchObject([{ name: "big" }, { name: "remove" }]);
  });

  it("lack those that the agent has not declared, or its token does not cover", async () => {
    const narrow = await api.start({
      name: "narrow",
      workspace: here.home,
      surface: { tools: ["crm/remove", "crm/big"] },
    });
    const list = async (credential: string) =>
      (await post("crm", modernRequest("tools/list"), {}, credential)).body.result["tools"];
    expect(await list(narrow.secret)).toMatchObject([{ name: "big" }, { name: "remove" }]);
    expect(await list(await token(narrow.secret, { scope: "tool:crm/big" }))).toMatchObject([
      { name: "big" },
    ]);
  });

  it.each(["undeclared", "missing", "own"])(
    "of %s are not listed, and neither is that it is there (P11)",
    async (tool) => {
      const { body } = await post(tool, modernRequest("tools/list"));
      expect(body).toMatchObject({ id: 1, error: { code: -32_602 } });
    },
  );

  it("are none before an operator has listed the server (P1)", async () => {
    expect((await post("unlisted", modernRequest("tools/list"))).body.result["tools"]).toEqual([]);
  });

  it("are refused a cursor that is none of theirs", async () => {
    const { body } = await post("crm", modernRequest("tools/list", { cursor: "*" }));
    expect(body).toMatchObject({ error: { code: -32_602 } });
  });
});

describe("discovery at the door", () => {
  it("announces the revision and only what is served, without the words of the server (G-6)", async () => {
    const { status, body } = await post("crm", modernRequest("server/discover"));
    expect([status, body.result]).toEqual([
      200,
      {
        resultType: "complete",
        supportedVersions: ["2026-07-28"],
        capabilities: { tools: { listChanged: true }, prompts: {} },
        ttlMs: 0,
        cacheScope: "private",
        _meta: { "io.modelcontextprotocol/serverInfo": { name: "dome", version: "1", title: "crm" } },
      },
    ]);
  });
});
