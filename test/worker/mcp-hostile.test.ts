/** What hostile clients and servers send to MCP doors: Dome answers as the protocol says, and never with a fault of its own. */
import { describe, expect, it } from "vitest";
import { modernRequest } from "../support/mcp-client-request.ts";
import { json, LegacyClient, heard, send, servers, api, here, event, eventsOf } from "./mcp-eras.fixture.ts";

const ALL = "";
/** Names that every object of JavaScript has. */
const INHERITED = ["constructor", "toString", "valueOf", "hasOwnProperty"];

const modern = async (
  tool: string,
  method: string,
  params: Readonly<Record<string, unknown>>,
  credential = here.bot.secret,
) => {
  const { headers, body } = modernRequest(method, params, 1);
  return heard(await send(tool, "POST", headers, body, credential));
};

describe("a server that lies about what it can do", () => {
  it.each(INHERITED)("is announced without a fault when it has a capability named %s", async (name) => {
    servers.capabilities = { tools: { [name]: true }, [name]: { [name]: true } };
    expect((await LegacyClient.connect("legacy")).initialized).toMatchObject({
      status: 200,
      body: { result: { capabilities: { tools: { [name]: true } } } },
    });
  });

  it.each(INHERITED)("is discovered without a fault when it has a capability named %s", async (name) => {
    await api.addTool({
      workspace: here.home,
      kind: "mcp",
      name: `lies-${name.toLowerCase()}`,
      url: `https://lies${name.toLowerCase()}.example.com/mcp`,
    });
    servers.capabilities = { tools: { [name]: true }, [name]: { [name]: true } };
    const agent = await api.start({
      name: `liar-${name.toLowerCase()}`,
      workspace: here.home,
      surface: { tools: [`lies-${name.toLowerCase()}`] },
    });
    const { status, text } = await modern(`lies-${name.toLowerCase()}`, "server/discover", {}, agent.secret);
    expect([status, text.includes("internal")]).toEqual([200, false]);
  });

  it.each(INHERITED)("asks for input by a method named %s, and gets no fault", async (name) => {
    servers.answer = ({ message }) =>
      json({
        id: message?.id,
        result: { resultType: "input_required", inputRequests: { a: { method: name } } },
      });
    const { status } = await modern("modern", "tools/call", { name: "search", arguments: { q: "x" } });
    expect(status).toBeLessThan(503);
  });
});

it("a tool whose name every object has is a tool like any other at the door of all servers", async () => {
  const name = "constructor";
  await api.addTool({ workspace: here.home, kind: "mcp", name, url: `https://${name}.example.com/mcp` });
  servers.tools = [{ name: "add", inputSchema: { type: "object" } }];
  await api.call("POST", `/tools/${name}/refresh?workspace=${here.home}`);
  servers.answer = ({ message }) =>
    json({ id: message?.id, result: { resultType: "complete", resources: [{ uri: "a:b", name: "a" }] } });
  const { secret } = await api.start({ name: "inherits", workspace: here.home, surface: { tools: [name] } });
  const listed = await modern(ALL, "tools/list", {}, secret);
  expect(listed.body.result).toMatchObject({ tools: [{ name: "constructor.add" }] });
  const resources = await modern(ALL, "resources/list", {}, secret);
  expect(resources.body.result).toMatchObject({ resources: [{ uri: "constructor.a:b" }] });
  const called = await modern(ALL, "tools/call", { name: "constructor.add", arguments: {} }, secret);
  expect([called.status, called.body.error]).toEqual([200, undefined]);
});

describe("a name that is no text", () => {
  it.each([
    ["tools/call", { name: ["legacy.search"], arguments: {} }],
    ["prompts/get", { name: ["legacy.p"] }],
    ["resources/read", { uri: ["legacy.file:///a"] }],
    ["resources/subscribe", { uri: ["legacy.file:///a"] }],
    [
      "completion/complete",
      { ref: { type: "ref/prompt", name: ["legacy.p"] }, argument: { name: "a", value: "b" } },
    ],
    ["completion/complete", { ref: ["legacy.p"], argument: { name: "a", value: "b" } }],
  ])("is of no server at the door of all: %s %j", async (method, params) => {
    const client = await LegacyClient.connect(ALL);
    servers.sent = [];
    const { status, body } = await client.post({ id: 1, method, params });
    expect([status, body]).toMatchObject([200, { id: 1, error: { code: -32_602 } }]);
    expect(servers.sent).toEqual([]);
  });
});

describe("a method that HTTP has and MCP has not", () => {
  it.each(["PUT", "PATCH", "HEAD", "OPTIONS", "PROPFIND", "QUERY"])(
    "%s is refused at each MCP door",
    async (method) => {
      for (const tool of [ALL, "legacy", "modern"]) {
        const { status } = await send(tool, method, {});
        expect([405, 404, 204, 403, 400, 501]).toContain(status);
      }
    },
  );
});

describe("an id", () => {
  it.each([
    ["9007199254740993", 400],
    ["1e400", 400],
    ["1.5", 400],
    ["null", 400],
    ["[1]", 400],
    ["{}", 400],
    ["true", 400],
    ['"\\ud800"', 400],
  ])("%s is refused before anything is decided", async (id, status) => {
    servers.sent = [];
    const { headers, body } = modernRequest("tools/call", { name: "search", arguments: { q: "x" } }, 1);
    const text = body.replace('"id":1', `"id":${id}`);
    const answer = await heard(await send("modern", "POST", headers, text));
    expect([answer.status, servers.sent]).toEqual([status, []]);
  });

  it.each([
    ["0", 0],
    ['""', ""],
    ['"0"', "0"],
    ["-0", 0],
    ["1.0", 1],
    ["1e2", 100],
    ["-9007199254740991", -9_007_199_254_740_991],
    [`"${"x".repeat(10_000)}"`, "x".repeat(10_000)],
  ])("%s comes back with its type and value", async (written, id) => {
    const { headers, body } = modernRequest("tools/call", { name: "search", arguments: { q: "x" } }, 1);
    const sent = body.replace('"id":1', `"id":${written}`);
    expect((await heard(await send("modern", "POST", headers, sent))).body.id).toBe(id);
  });
});

describe("a body", () => {
  const text = () => modernRequest("tools/call", { name: "search", arguments: { q: "x" } }, 1);
  it.each([
    ["gzip", 415],
    ["identity, gzip", 415],
    ["br", 415],
    ["x", 415],
  ])("in the encoding %s is refused", async (encoding, status) => {
    const { headers, body } = text();
    expect((await send("modern", "POST", { ...headers, "content-encoding": encoding }, body)).status).toBe(
      status,
    );
  });

  it.each([
    "[]",
    "[[]]",
    '[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
    "7",
    '"x"',
    "null",
    "",
    "{",
    '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}',
    '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
    '{"jsonrpc":"2.0","\\u0069d":1,"id":2,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search","n\\u0061me":"look"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"__proto__":{"name":"search"}}}',
    '{"jsonrpc":"2.0","id":1,"method":"constructor"}',
    '{"jsonrpc":"2.0","id":1,"method":"toString","params":{}}',
    '{"jsonrpc":"2.0","id":1,"method":"__proto__","params":{}}',
    "[".repeat(100_000),
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${'{"a":'.repeat(70)}1${"}".repeat(70)}}`,
  ])("%s is answered with an error of the protocol at each door, and never a fault", async (body) => {
    for (const tool of [ALL, "legacy", "modern"]) {
      const client = await LegacyClient.connect(tool);
      const { status } = await send(tool, "POST", client.headers, body);
      expect([status, status < 500]).toEqual([status, true]);
      const { headers } = text();
      const answer = await send(tool, "POST", headers, body);
      expect([answer.status, answer.status < 500]).toEqual([answer.status, true]);
    }
  });
});

describe("a server that lies in an answer", () => {
  const answers: Record<string, (id: unknown) => Response> = {
    "another id": () => json({ id: 99, result: {} }),
    "the id in another type": (id) => json({ id: String(id) + " ", result: {} }),
    "a list": () => Response.json([]),
    "a request": (id) => json({ id, method: "sampling/createMessage", params: {} }),
    "a result and an error": (id) => json({ id, result: {}, error: { code: 1, message: "x" } }),
    "a result that is a text": (id) => json({ id, result: "x" }),
    "an error with a code that is a text": (id) => json({ id, error: { code: "x", message: "x" } }),
    "a content that is a number": (id) => json({ id, result: { content: 7, structuredContent: 7 } }),
    "members that objects inherit": (id) =>
      json({ id, result: { constructor: 1, toString: 2, resultType: "constructor" } }),
    "a redirect": () => new Response(null, { status: 302, headers: { location: "http://169.254.169.254/" } }),
    "an odd status": () => new Response("x", { status: 418 }),
    "an event stream of nonsense": () =>
      new Response("data: {\n\ndata: [\n\n", { headers: { "content-type": "text/event-stream" } }),
    "an answer to another request first": (id) =>
      eventsOf(event({ id: 4711, result: {} }), event({ id, result: { content: [] } })),
    "a session id of its own": (id) =>
      json(
        { id, result: { content: [] } },
        { headers: { "mcp-session-id": "evil", "dome-decision-id": "dec_evil", "set-cookie": "a=b" } },
      ),
  };
  it.each(Object.keys(answers))(
    "(%s) is answered honestly in each pair of eras, and is not Dome's fault",
    async (lie) => {
      servers.answer = ({ message }) => answers[lie]?.(message?.id) ?? new Response();
      for (const tool of ["legacy", "modern", "both"]) {
        const client = await LegacyClient.connect(tool);
        for (const answer of [
          await client.call("search", { q: "x" }),
          await modern(tool, "tools/call", { name: "search", arguments: { q: "x" } }),
          await modern(ALL, "tools/call", { name: `${tool}.search`, arguments: { q: "x" } }),
          await modern(ALL, "resources/read", { uri: `${tool}.file:///a` }),
          await modern(ALL, "resources/list", {}),
        ]) {
          expect([tool, answer.status, answer.status !== 500 && answer.status !== 503]).toEqual([
            tool,
            answer.status,
            true,
          ]);
          expect(answer.headers.get("set-cookie")).toBeNull();
          expect(answer.headers.get("mcp-session-id")).toBeNull();
          expect(answer.headers.get("dome-decision-id") ?? "").not.toBe("dec_evil");
        }
      }
    },
  );
});

/** Such a server knows callers by their credential alone, and every agent comes with Dome's. */
describe("at a legacy server without sessions, an agent", () => {
  it.each([
    ["answers no question that the server has asked another agent (P11)", { id: 5, result: { roots: [] } }],
    ["answers none with an error either", { id: 5, error: { code: -1, message: "no" } }],
    [
      "reports no progress of another agent's request",
      { method: "notifications/progress", params: { progressToken: 5, progress: 1 } },
    ],
    ["cancels no request of another agent", { method: "notifications/cancelled", params: { requestId: 5 } }],
  ])("%s", async (_rule, message) => {
    servers.areSessionless = true;
    const client = await LegacyClient.connect("legacy");
    servers.sent = [];
    expect((await client.post(message)).status).toBe(202);
    expect(servers.sent).toEqual([]);
  });

  it("takes up no stream of another agent, whose events it could name (P11)", async () => {
    servers.areSessionless = true;
    servers.answer = () => eventsOf(event({ method: "notifications/tools/list_changed" }));
    const { "content-type": _type, ...headers } = (await LegacyClient.connect("legacy")).headers;
    await heard(await send("legacy", "GET", { ...headers, "last-event-id": "7" }));
    expect(servers.sent.at(-1)?.verb).toBe("GET");
    expect(servers.sent.at(-1)?.headers.get("last-event-id")).toBeNull();
  });

  it("still tells the server what is about no request", async () => {
    servers.areSessionless = true;
    const client = await LegacyClient.connect("legacy");
    servers.sent = [];
    expect((await client.post({ method: "notifications/roots/list_changed" })).status).toBe(202);
    expect(servers.sent).toHaveLength(1);
  });
});
