/** The MCP door of all servers that an agent declares. */
import { beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { modernRequest, type ModernRequest } from "../support/mcp-client-request.ts";
import { token, worker } from "../support/worker-api.ts";
import { api, call, complete, here, server, TOOLS, type Asked } from "./mcp-door.fixture.ts";

let agent: string;

beforeAll(async () => {
  const surface = { tools: ["crm", "changed/remove", "unlisted/search", "own", "missing"] };
  agent = (await api.start({ name: "all", workspace: here.home, surface })).secret;
});

async function post(request: ModernRequest, query = "", credential = agent) {
  const headers = { ...request.headers, authorization: `Bearer ${credential}` };
  const response = await worker(
    new Request(`${TEST_ISSUER}/mcp${query}`, { method: "POST", headers, body: request.body }),
  );
  const text = await response.text();
  return {
    status: response.status,
    body: (text.startsWith("{") ? JSON.parse(text) : text) as {
      id: unknown;
      result: Record<string, unknown>;
      error: object;
    },
  };
}

const names = (result: Record<string, unknown>, list = "tools", member = "name"): unknown[] =>
  (result[list] as readonly Record<string, unknown>[]).map((each) => each[member]);

describe("the tools of all servers", () => {
  it("have the tool's name in front, in the order of both, and are only those that are declared, pinned and not quarantined", async () => {
    const { body } = await post(modernRequest("tools/list"));
    expect(names(body.result)).toEqual(["changed.remove", "crm.big", "crm.remove", "crm.search"]);
    expect(body.result).toMatchObject({ resultType: "complete", ttlMs: 0, cacheScope: "private" });
    expect(body.result["tools"]).toContainEqual({ ...TOOLS[2], name: "crm.big" });
    expect(server.sent).toEqual([]);
  });

  it("have two underscores where a model API takes no dot", async () => {
    const { body } = await post(modernRequest("tools/list"), "?separator=__");
    expect(names(body.result)).toEqual(["changed__remove", "crm__big", "crm__remove", "crm__search"]);
  });

  it("are fewer for a narrow token", async () => {
    const narrow = await token(agent, { scope: "tool:crm/big" });
    const { body } = await post(modernRequest("tools/list"), "", narrow);
    expect(names(body.result)).toEqual(["crm.big"]);
  });

  it.each(["crm.search", "crm__search"])(
    "are called as %s, and reach the server under its own name",
    async (name) => {
      const { status, body } = await post(call(name, { q: "x" }, 7));
      expect([status, body]).toMatchObject([200, { id: 7, result: { content: [{ text: "found" }] } }]);
      const [seen] = server.sent;
      expect(seen?.url).toBe("https://crm.example.com/mcp");
      expect(seen?.headers.get("mcp-name")).toBe("search");
      expect(JSON.parse(seen?.body ?? "")).toMatchObject({
        id: 7,
        params: { name: "search", arguments: { q: "x" } },
      });
    },
  );

  it("keep the rules of the server's own door: schema, headers, quarantine", async () => {
    expect((await post(call("crm.search", {}))).body.result).toMatchObject({ isError: true });
    const mismatch = await post(call("crm.search", { q: "x", region: "eu" }));
    expect([mismatch.status, mismatch.body.error]).toMatchObject([400, { code: -32_020 }]);
    expect(server.sent).toEqual([]);
  });

  test.each([
    "search",
    "crm",
    "crm.",
    ".search",
    "nope.search",
    "changed.search",
    "own.x",
    "unlisted.search",
    "CRM.search",
  ])("do not include %s: one answer for what is not there and what is not declared (P11)", async (name) => {
    const { status, body } = await post(call(name));
    expect([status, body]).toMatchObject([200, { error: { code: -32_602 } }]);
    expect(server.sent).toEqual([]);
  });
});

describe("other things of all servers", () => {
  beforeEach(async () => {
    await Promise.resolve();
    server.answer = answerOf;
  });

  const PROMPTS = [{ name: "greet" }, { name: "part" }];
  const RESOURCES = [{ uri: "file:///a.txt", name: "a", size: 1 }];
  function answerOf({ id, method, params }: Asked): Response {
    const result = (more: object) =>
      Response.json({ jsonrpc: "2.0", id, result: { resultType: "complete", ...more } });
    switch (method) {
      case "prompts/list":
        return params["cursor"] === "next"
          ? result({ prompts: PROMPTS.slice(1) })
          : result({ prompts: PROMPTS.slice(0, 1), nextCursor: "next" });
      case "resources/list":
        return result({ resources: RESOURCES });
      case "resources/read":
        return result({ contents: [{ uri: params["uri"], text: "A" }], ttlMs: 5, cacheScope: "public" });
      case "prompts/get":
        return result({ messages: [], asked: params["name"] });
      case "completion/complete":
        return result({ completion: { values: [] }, asked: params["ref"] });
      default:
        return complete(id);
    }
  }

  it("are listed with prefixes, page by page, under a cursor that nobody else can use", async () => {
    const first = await post(modernRequest("prompts/list"));
    expect(names(first.body.result, "prompts")).toEqual(["crm.greet"]);
    const { nextCursor } = first.body.result;
    expect(nextCursor).toMatch(/^dome_sealed_1\./);
    expect(String(nextCursor)).not.toContain("next");
    const second = await post(modernRequest("prompts/list", { cursor: nextCursor }));
    expect(names(second.body.result, "prompts")).toEqual(["crm.part"]);
    expect("nextCursor" in second.body.result).toBe(false);
    const other = await post(modernRequest("prompts/list", { cursor: nextCursor }), "", here.bot.secret);
    expect(other.body.error).toMatchObject({ code: -32_602 });
    const otherList = await post(modernRequest("resources/list", { cursor: nextCursor }));
    expect(otherList.body.error).toMatchObject({ code: -32_602 });
  });

  it("are read under their prefixed URI", async () => {
    const listed = await post(modernRequest("resources/list"));
    expect(listed.body.result["resources"]).toEqual([{ ...RESOURCES[0], uri: "crm.file:///a.txt" }]);
    const read = await post(modernRequest("resources/read", { uri: "crm.file:///a.txt" }));
    expect(read.body.result).toMatchObject({
      contents: [{ uri: "crm.file:///a.txt", text: "A" }],
      cacheScope: "private",
    });
    expect(server.sent.at(-1)?.headers.get("mcp-name")).toBe("file:///a.txt");
  });

  it("are asked for under the server's own names", async () => {
    const got = await post(modernRequest("prompts/get", { name: "crm.greet" }));
    expect(got.body.result).toMatchObject({ asked: "greet" });
    const ref = { type: "ref/prompt", name: "crm__greet" };
    const argument = { name: "a", value: "b" };
    const completed = await post(modernRequest("completion/complete", { ref, argument }));
    expect(completed.body.result).toMatchObject({ asked: { type: "ref/prompt", name: "greet" } });
  });

  it("of a server that fails are named as missing, and take nothing from the others", async () => {
    const surface = { tools: ["crm", "undeclared"] };
    const { secret } = await api.start({ name: "two", workspace: here.home, surface });
    server.answer = (asked) =>
      server.sent.at(-1)?.url.startsWith("https://undeclared.") === true
        ? new Response("down", { status: 503 })
        : answerOf(asked);
    const { body } = await post(modernRequest("resources/list"), "", secret);
    expect(names(body.result, "resources", "uri")).toEqual(["crm.file:///a.txt"]);
    expect(body.result["_meta"]).toEqual({
      "dome/missing": [{ tool: "undeclared", why: "upstream_unavailable" }],
    });
  });

  it("of a server that has none are not missing", async () => {
    server.answer = ({ id }) =>
      Response.json({ jsonrpc: "2.0", id, error: { code: -32_601, message: "no" } }, { status: 404 });
    const { body } = await post(modernRequest("prompts/list"));
    expect([body.result["prompts"], body.result["_meta"]]).toEqual([[], undefined]);
  });
});

describe("the door of all servers", () => {
  it("announces what it serves (G-6)", async () => {
    const { body } = await post(modernRequest("server/discover"));
    expect(body.result).toMatchObject({
      supportedVersions: ["2026-07-28"],
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        completions: {},
      },
      cacheScope: "private",
    });
  });

  it("is empty only for an agent that declares no server", async () => {
    const { secret } = await api.start({ name: "none", workspace: here.home, surface: { tools: ["own"] } });
    expect((await post(modernRequest("tools/list"), "", secret)).body.result["tools"]).toEqual([]);
  });

  it("takes a token for itself, and none for the door of one server (MA-2)", async () => {
    const own = await token(agent, { resource: `${TEST_ISSUER}/mcp` });
    expect((await post(modernRequest("tools/list"), "", own)).status).toBe(200);
    const others = await token(agent, { resource: `${TEST_ISSUER}/mcp/crm` });
    expect((await post(modernRequest("tools/list"), "", others)).status).toBe(401);
  });

  it.each(["?separator=/", "?other=1", "?separator=.&separator=__", `?token=${"x".repeat(20)}`])(
    "refuses the query %s",
    async (query) => {
      expect((await post(modernRequest("tools/list"), query)).status).toBe(400);
    },
  );

  it("has metadata of its own", async () => {
    const response = await worker(new Request(`${TEST_ISSUER}/.well-known/oauth-protected-resource/mcp`));
    expect(await response.json()).toMatchObject({
      resource: `${TEST_ISSUER}/mcp`,
      scopes_supported: ["surface"],
    });
  });
});
