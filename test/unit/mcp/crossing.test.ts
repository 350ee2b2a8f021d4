/** A client of one era before a server of the other: what of each message reaches the other side. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { initializeResult, spokenVersion, withoutTasks } from "../../../src/mcp/capabilities.ts";
import { fromModernServer, legacyTool, toModernServer } from "../../../src/mcp/legacy-client.ts";
import { fromLegacyServer, notForLegacyServer, toLegacyServer } from "../../../src/mcp/modern-client.ts";
import { parseMessage, type RpcRequest } from "../../../src/mcp/message.ts";

const [VERSION, CAPABILITIES, INFO, LEVEL] = [
  "io.modelcontextprotocol/protocolVersion",
  "io.modelcontextprotocol/clientCapabilities",
  "io.modelcontextprotocol/clientInfo",
  "io.modelcontextprotocol/logLevel",
];

function request(text: string): RpcRequest {
  const parsed = parseMessage(utf8(text), "client");
  if (!parsed.ok || parsed.value.kind !== "request") throw new Error("no request");
  return parsed.value;
}
function heard(text: string) {
  const parsed = parseMessage(utf8(text), "upstream");
  if (!parsed.ok) throw new Error(parsed.error.detail);
  return [parsed.value, text] as const;
}
const MODERN = { era: "modern", logLevel: null, sentAs: 41 } as const;
const rpc = (rest: object): string => JSON.stringify({ jsonrpc: "2.0", ...rest });
const read = (text: string | null): unknown => (text === null ? null : JSON.parse(text));

describe("a request of a legacy client, before a modern server", () => {
  const crossed = (text: string, logLevel: Parameters<typeof toModernServer>[2] = null) =>
    read(toModernServer(request(text), text, logLevel));

  it("gets the version and an empty list of capabilities, so that the server asks the client nothing", () => {
    expect(crossed(rpc({ id: 0, method: "tools/list" }))).toEqual({
      jsonrpc: "2.0",
      id: 0,
      method: "tools/list",
      params: {
        _meta: { [VERSION]: "2026-07-28", [CAPABILITIES]: {}, [INFO]: { name: "dome", version: "1" } },
      },
    });
  });

  it("keeps its progress token and its own members, and no word of the protocol that it is not entitled to", () => {
    const _meta = {
      progressToken: 0,
      "com.example/trace": "t",
      [CAPABILITIES]: { sampling: {} },
      [VERSION]: "2099-01-01",
      "io.modelcontextprotocol/anything": true,
    };
    const params = { name: "x", _meta, inputResponses: { a: 1 }, requestState: "s" };
    expect(crossed(rpc({ id: 1, method: "tools/call", params }), "warning")).toMatchObject({
      params: {
        name: "x",
        _meta: {
          progressToken: 0,
          "com.example/trace": "t",
          [VERSION]: "2026-07-28",
          [CAPABILITIES]: {},
          [INFO]: { name: "dome", version: "1" },
          [LEVEL]: "warning",
        },
      },
    });
    const text = toModernServer(
      request(rpc({ id: 1, method: "tools/call", params })),
      rpc({ id: 1, method: "tools/call", params }),
      null,
    );
    for (const word of ["sampling", "2099", "anything", "inputResponses", "requestState", "logLevel"])
      expect(text).not.toContain(word);
  });

  it("keeps every other byte, so that what was decided on is sent", () => {
    const text =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"n":1.50,"m":1E2}}}';
    expect(toModernServer(request(text), text, null)).toContain('"arguments":{"n":1.50,"m":1E2}');
  });
});

describe("an answer of a modern server, to a legacy client", () => {
  const asked = { id: 0, method: "tools/call" };
  const crossed = (message: object, method = "tools/call") =>
    read(fromModernServer(...heard(rpc(message)), { id: 0, method }));

  it.each(["tools/list", "prompts/list", "resources/list", "resources/templates/list", "resources/read"])(
    "to %s loses its type and how long it may be kept",
    (method) => {
      const result = { resultType: "complete", ttlMs: 5, cacheScope: "public", nextCursor: "c" };
      expect(crossed({ id: 0, result }, method)).toEqual({
        jsonrpc: "2.0",
        id: 0,
        result: { nextCursor: "c" },
      });
    },
  );

  it("keeps members of the same name where they mean something else", () => {
    expect(crossed({ id: 0, result: { resultType: "complete", content: [], ttlMs: 5 } })).toMatchObject({
      result: { content: [], ttlMs: 5 },
    });
  });

  it("keeps numbers that a double cannot hold", () => {
    const text =
      '{"jsonrpc":"2.0","id":0,"result":{"resultType":"complete","content":[],"structuredContent":{"n":12345678901234567890}}}';
    expect(fromModernServer(...heard(text), asked)).toBe(
      '{"jsonrpc":"2.0","id":0,"result":{"content":[],"structuredContent":{"n":12345678901234567890}}}',
    );
  });

  it.each([
    [[1, 2], "[1,2]"],
    ["x", '"x"'],
    [null, "null"],
    [7, "7"],
  ])("tells the structured result %j as a text, because this era knows objects only", (value, text) => {
    expect(crossed({ id: 0, result: { content: [], structuredContent: value } })).toEqual({
      jsonrpc: "2.0",
      id: 0,
      result: { content: [{ type: "text", text }] },
    });
  });

  it("tells no structured result twice", () => {
    const content = [{ type: "text", text: "one and two" }];
    expect(crossed({ id: 0, result: { content, structuredContent: [1, 2] } })).toMatchObject({
      result: { content },
    });
    const image = [{ type: "image", data: "", mimeType: "image/png" }];
    expect(crossed({ id: 0, result: { content: image, structuredContent: [1] } })).toMatchObject({
      result: { content: [...image, { type: "text", text: "[1]" }] },
    });
  });

  it("keeps an error of the tool, and an empty content beside a structured one", () => {
    const result = { content: [], structuredContent: { a: 1 }, isError: true };
    expect(crossed({ id: 0, result: { resultType: "complete", ...result } })).toMatchObject({ result });
  });

  it.each(["input_required", "task", "other", 7])(
    "of the type %j is an error in words, because the client could not answer it",
    (resultType) => {
      expect(crossed({ id: 0, result: { resultType, requestState: "secret" } })).toMatchObject({
        id: 0,
        result: { isError: true, content: [{ type: "text" }] },
      });
      const read = crossed({ id: 0, result: { resultType, requestState: "secret" } }, "resources/read");
      expect(read).toMatchObject({ id: 0, error: { code: -32_603 } });
      expect(JSON.stringify(read)).not.toContain("secret");
    },
  );

  it("lists no output schema that is not of an object, and leaves every other definition as it is", () => {
    const plain = { name: "a", inputSchema: { type: "object" }, execution: { taskSupport: "optional" } };
    const object = { ...plain, outputSchema: { type: "object" } };
    const list = { ...plain, outputSchema: { type: "array", items: {} } };
    expect(crossed({ id: 0, result: { tools: [plain, object, list] } }, "tools/list")).toMatchObject({
      result: { tools: [plain, object, plain] },
    });
    expect(read(legacyTool(JSON.stringify({ ...plain, outputSchema: true })))).toEqual(plain);
  });

  it.each([null, "server-error", 99])(
    "that is an error under the id %j has the id of its request, because it is its answer by the exchange",
    (id) => {
      const error = { code: -32_602, message: "no" };
      expect(crossed({ id, error })).toEqual({ jsonrpc: "2.0", id: 0, error });
    },
  );

  it("hears of progress and messages on the way, and of nothing else", () => {
    const progress = { method: "notifications/progress", params: { progressToken: 1, progress: 2 } };
    expect(crossed(progress)).toEqual({ jsonrpc: "2.0", ...progress });
    const said = { method: "notifications/message", params: { level: "info", data: "x" } };
    expect(crossed(said)).toEqual({ jsonrpc: "2.0", ...said });
    expect(crossed({ method: "notifications/subscriptions/acknowledged" })).toBeNull();
    expect(crossed({ id: 0, method: "roots/list" })).toBeNull();
  });
});

describe("a request of a modern client, before a legacy server", () => {
  const meta = { [VERSION]: "2026-07-28", [CAPABILITIES]: { sampling: {} }, [LEVEL]: "debug" };
  const crossed = (message: object) => {
    const text = rpc(message);
    return read(toLegacyServer(request(text), text, 41));
  };

  it("goes under an id of Dome and without the members of its era", () => {
    const params = { name: "x", arguments: { a: 1 }, _meta: meta };
    expect(crossed({ id: "a", method: "tools/call", params })).toEqual({
      jsonrpc: "2.0",
      id: 41,
      method: "tools/call",
      params: { name: "x", arguments: { a: 1 } },
    });
  });

  it("has a progress token of Dome, because two clients of one session may choose the same", () => {
    const params = { name: "x", _meta: { ...meta, progressToken: "t", traceparent: "00-a" } };
    expect(crossed({ id: 0, method: "tools/call", params })).toMatchObject({
      id: 41,
      params: { name: "x", _meta: { progressToken: 41, traceparent: "00-a" } },
    });
  });

  it("cannot answer a question, because a legacy server asks none in its results", () => {
    const answering = (params: object) =>
      notForLegacyServer(request(rpc({ id: 0, method: "tools/call", params })));
    expect(answering({ name: "x", inputResponses: {} })?.code).toBe(-32_602);
    expect(answering({ name: "x", requestState: "s" })?.code).toBe(-32_602);
    expect(answering({ name: "x" })).toBeNull();
  });
});

describe("an answer of a legacy server in a session that serves several requests", () => {
  const heardOf = (message: object) =>
    fromLegacyServer(
      ...heard(rpc(message)),
      request(rpc({ id: "client", method: "tools/call", params: {} })),
      MODERN,
    );

  it.each([
    ["a result for another request", { id: 42, result: {} }],
    ["a result under an id that nobody has", { id: "zzz", result: {} }],
    ["a result under the id as a text", { id: "41", result: {} }],
    ["a result under the client's id, which the server was not told", { id: "client", result: {} }],
    ["an error for another request", { id: 42, error: { code: 1, message: "no" } }],
  ])("is never another's: %s is not heard", (_what, message) => {
    expect(heardOf(message)).toBeNull();
  });

  it.each([41, null, "server-error"])("is an error in its own exchange, under the id %j", (id) => {
    expect(heardOf({ id, error: { code: 1, message: "no" } })).toBe(
      rpc({ id: "client", error: { code: 1, message: "no" } }),
    );
  });
});

describe("an answer of a legacy server, to a modern client", () => {
  const crossed = (message: object, asked: { id?: string | number; method?: string; params?: object } = {}) =>
    read(
      fromLegacyServer(
        ...heard(rpc(message)),
        request(rpc({ id: "client", method: "tools/call", params: {}, ...asked })),
        MODERN,
      ),
    );

  it.each([0, "", "0", 7])("has the id %j of its request again, with its type", (id) => {
    expect(crossed({ id: 41, result: {} }, { id })).toEqual({
      jsonrpc: "2.0",
      id,
      result: { resultType: "complete" },
    });
  });

  it.each(["tools/list", "prompts/list", "resources/list", "resources/templates/list", "resources/read"])(
    "to %s is for this client alone, and not to be kept",
    (method) => {
      const result = { tools: [], ttlMs: 99_999, cacheScope: "public", resultType: "input_required" };
      expect(crossed({ id: 41, result }, { method })).toMatchObject({
        result: { tools: [], resultType: "complete", ttlMs: 0, cacheScope: "private" },
      });
    },
  );

  it("keeps its structured content, its errors, and numbers that a double cannot hold", () => {
    const result = { content: [], structuredContent: { a: 1 }, isError: true };
    expect(crossed({ id: 41, result })).toMatchObject({ result: { ...result, resultType: "complete" } });
    const text = '{"jsonrpc":"2.0","id":41,"result":{"content":[],"n":12345678901234567890}}';
    expect(fromLegacyServer(...heard(text), request(rpc({ id: 1, method: "tools/call" })), MODERN)).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{"content":[],"n":12345678901234567890,"resultType":"complete"}}',
    );
  });

  it.each([
    [-32_002, -32_602],
    [-32_042, -32_603],
    [-32_602, -32_602],
    [7, 7],
  ])(
    "that is the error %i is %i, because a modern server must not send codes of the other era",
    (from, to) => {
      const error = { code: from, message: "no", data: { uri: "x" } };
      expect(crossed({ id: null, error })).toEqual({
        jsonrpc: "2.0",
        id: "client",
        error: { ...error, code: to },
      });
    },
  );

  it("hears of progress under its own token, and only when it has asked for it", () => {
    const progress = { method: "notifications/progress", params: { progressToken: 41, progress: 2 } };
    expect(crossed(progress, { params: { _meta: { progressToken: "t" } } })).toEqual({
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progressToken: "t", progress: 2 },
    });
    expect(crossed(progress)).toBeNull();
  });

  it("hears messages of the level that it has named, and none without", () => {
    const said = { method: "notifications/message", params: { level: "info", data: "x" } };
    const at = (level: unknown) => crossed(said, { params: { _meta: { [LEVEL]: level } } });
    expect(at("debug")).toEqual({ jsonrpc: "2.0", ...said });
    expect(at("info")).toEqual({ jsonrpc: "2.0", ...said });
    expect(at("warning")).toBeNull();
    expect(at("loud")).toBeNull();
    expect(crossed(said)).toBeNull();
  });

  it("hears no request of the server, and no change of a list that it has not subscribed to", () => {
    expect(crossed({ id: 0, method: "sampling/createMessage" })).toBeNull();
    expect(crossed({ method: "notifications/tools/list_changed" })).toBeNull();
    expect(crossed({ method: "notifications/tools/list_changed" }, { method: "tools/list" })).toBeNull();
  });
});

describe("the introduction of a server to a legacy client", () => {
  const capabilities = {
    tools: { listChanged: true },
    resources: { subscribe: true },
    completions: {},
    tasks: { list: {} },
    experimental: { x: {} },
  };

  it("announces what a legacy server can do and Dome serves: no tasks, and nothing of its own", () => {
    expect(initializeResult({ version: "2025-06-18", capabilities, era: "legacy", tool: "zendesk" })).toEqual(
      {
        protocolVersion: "2025-06-18",
        capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, completions: {} },
        serverInfo: { name: "dome", version: "1", title: "zendesk" },
      },
    );
  });

  it("announces of a modern server no changes, for which a session has no stream, and that it may set a level", () => {
    expect(initializeResult({ version: "2025-11-25", capabilities, era: "modern", tool: "zendesk" })).toEqual(
      {
        protocolVersion: "2025-11-25",
        capabilities: { tools: {}, resources: {}, completions: {}, logging: {} },
        serverInfo: { name: "dome", version: "1", title: "zendesk" },
      },
    );
  });

  it("does without what a server says in another form", () => {
    const said = { version: "2025-11-25", era: "legacy", tool: "x" } as const;
    for (const capabilities of [undefined, null, [], "all", { tools: true }])
      expect(initializeResult({ ...said, capabilities })["capabilities"]).toEqual({});
  });

  it.each([
    ["2025-06-18", "2025-06-18"],
    ["2025-11-25", "2025-11-25"],
    ["2099-01-01", "2025-11-25"],
    [undefined, "2025-11-25"],
  ])("answers the proposed version %j with %j", (asked, version) => {
    expect(spokenVersion(asked)).toBe(version);
  });
});

describe("an initialize, to a legacy server", () => {
  it("declares what the client can do, but for tasks", () => {
    const params = { protocolVersion: "2025-11-25", capabilities: { roots: {}, tasks: {} }, clientInfo: {} };
    expect(JSON.parse(withoutTasks(JSON.stringify(params)))).toEqual({
      ...params,
      capabilities: { roots: {} },
    });
    expect(withoutTasks('{"capabilities":7}')).toBe('{"capabilities":7}');
  });
});
