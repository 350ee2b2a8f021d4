/** `dome call`: with which credentials it asks for what, and what it makes of the answers. */
import { describe, expect, it } from "vitest";
import { json, refusalOf } from "../client/fake-service.ts";
import { dome, SERVICE_URL, TOKEN } from "./run-cli.ts";

const KEY = `dome_at_${"A".repeat(49)}`;
const variables = { DOME_AGENT_KEY: KEY, DOME_URL: SERVICE_URL, DOME_TOKEN: TOKEN };
const definition = {
  request: { method: "GET", path: "/orders/{id}", parameters: [], body: null },
};
const operation = {
  name: "getOrder",
  tool: "orders",
  state: "pinned",
  why: null,
  hash: "a".repeat(64),
  pending_hash: null,
  read_only: false,
  destructive: true,
  approved_by: "ada@example.com",
  approved_at: "2026-11-28T09:00:00.000Z",
  definition,
  pending: null,
  differences: [],
};
const answered = (status: number, body: object, decision: string | null): Response =>
  Response.json(body, { status, headers: decision === null ? {} : { "dome-decision-id": decision } });

describe("dome call", () => {
  it("looks the operation up as the operator, and calls it as the agent", async () => {
    const called = await dome(["call", "orders/getOrder", "--args", '{"path":{"id":7}}'], {
      env: variables,
      replies: [json(200, operation), answered(200, { id: 7 }, "dec_1")],
    });
    expect(called).toMatchObject({ exit: 0 });
    expect(called.requests).toEqual([
      "GET /api/v1/tools/orders/operations/getOrder",
      "GET /tools/orders/orders/7",
    ]);
    expect(called.service.seen[1]?.headers.get("authorization")).toBe(`Bearer ${KEY}`);
    expect(called.stdout).toContain('"id": 7');
    expect(called.stderr).toContain("200  dec_1");
  });

  it.each([
    [403, { code: "denied", decision_id: "dec_2" }, null, 3],
    [422, { code: "arguments_invalid", decision_id: "dec_2" }, null, 3],
    [403, { code: "denied", decision_id: "dec_2" }, "dec_1", 1],
    [502, { code: "upstream_unreachable", decision_id: "dec_2" }, null, 1],
    [401, { code: "invalid_token" }, null, 4],
  ])(
    "ends with the exit code of %i %j, whose decision stands in the header: %s",
    async (status, body, decision, exit) => {
      const called = await dome(["call", "crm/GET /tickets"], {
        env: variables,
        replies: [answered(status, body, decision)],
      });
      expect(called.exit).toBe(exit);
      expect(called.requests).toEqual(["GET /tools/crm/tickets"]);
    },
  );

  it.each([
    [["call", "orders"], "name an operation"],
    [["call", "crm/GET /tickets/{id}"], '"path" needs a value for id'],
  ])("asks for nothing with %j", async (words, said) => {
    const refused = await dome(words, { env: variables });
    expect(refused).toMatchObject({ exit: 2, requests: [] });
    expect(refused.stderr).toContain(said);
  });

  describe("of a tool of an MCP server", () => {
    const inputSchema = {
      type: "object",
      properties: { subject: { type: "string", "x-mcp-header": "Subject" } },
    };
    const pinned = {
      ...operation,
      tool: "tickets",
      name: "create",
      definition: { name: "create", inputSchema },
    };
    const result = (more: object) => ({ jsonrpc: "2.0", id: 1, result: { content: [], ...more } });
    const text = (words: string) => [{ type: "text", text: words }];
    const call = (answer: Response) =>
      dome(["call", "tickets/create", "--args", '{"subject":"smoke"}'], {
        env: variables,
        replies: [json(200, pinned), answer],
      });

    it("sends what a client of the protocol sends, and shows the texts of the result", async () => {
      const called = await call(answered(200, result({ content: text("created 4711") }), "dec_1"));
      expect(called).toMatchObject({ exit: 0, stdout: "created 4711\n" });
      expect(called.requests).toEqual(["GET /api/v1/tools/tickets/operations/create", "POST /mcp/tickets"]);
      const { headers, body } = called.service.seen[1] ?? {};
      expect(Object.fromEntries(headers ?? [])).toMatchObject({
        authorization: `Bearer ${KEY}`,
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "create",
        "mcp-param-subject": "smoke",
      });
      expect(JSON.parse(body ?? "")).toMatchObject({
        method: "tools/call",
        params: { name: "create", arguments: { subject: "smoke" } },
      });
    });

    it("reads a response at the end of a stream", async () => {
      const progress = { jsonrpc: "2.0", method: "notifications/progress", params: {} };
      const events = [progress, result({ content: text("done") })]
        .map((each) => `data: ${JSON.stringify(each)}\n\n`)
        .join(": still here\n\n");
      const headers = { "content-type": "text/event-stream", "dome-decision-id": "dec_1" };
      expect(await call(new Response(events, { headers }))).toMatchObject({ exit: 0, stdout: "done\n" });
      const cutOff = await call(new Response("data: {}\n", { headers }));
      expect(cutOff.exit).toBe(1);
      expect(cutOff.stderr).toContain("the answer has no response");
    });

    const denial = (decision_id: string) => ({
      content: text("no"),
      isError: true,
      _meta: { "dome/decision": { decision: "deny", decision_id } },
    });
    const undeclared = (decision_id: string) => ({
      jsonrpc: "2.0",
      id: 1,
      error: { code: -32_602, message: "no", data: { who: "policy", code: "denied", decision_id } },
    });
    it.each([
      ["a denial", 200, result(denial("dec_1")), 3],
      ["a denial of what is not declared", 200, undeclared("dec_1"), 3],
      ["a denial that a server makes up", 200, result(denial("dec_2")), 1],
      ["an error that a server makes up", 200, undeclared("dec_2"), 1],
      ["a failure of the tool", 200, result({ content: text("no"), isError: true }), 1],
      ["an error", 200, { jsonrpc: "2.0", id: 1, error: { code: -32_602, message: "no" } }, 1],
      ["a refused credential", 401, { jsonrpc: "2.0", id: null, error: { code: 4010, message: "no" } }, 4],
    ])("ends %s with its exit code", async (_what, status, body, exit) => {
      const called = await call(answered(status, body, status === 401 ? null : "dec_1"));
      expect(called).toMatchObject({ exit, stdout: "no\n" });
      expect(called.stderr.includes("denied  dec_1")).toBe(exit === 3);
    });
  });

  describe("with the key of an agent alone", () => {
    const alone = { DOME_AGENT_KEY: KEY, DOME_URL: SERVICE_URL };
    const listed = (tools: readonly object[], nextCursor?: string) =>
      Response.json({ jsonrpc: "2.0", id: 1, result: { tools, nextCursor } });

    it("finds an operation in the pages of the tool's MCP door", async () => {
      const inputSchema = { type: "object", properties: { to: { type: "string", "x-mcp-header": "To" } } };
      const called = await dome(["call", "ev/echo", "--args", '{"to":"ada"}'], {
        env: alone,
        replies: [
          listed([{ name: "other" }], "page2"),
          listed([{ name: "echo", inputSchema }]),
          Response.json({ jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text: "hi" }] } }),
        ],
      });
      expect(called).toMatchObject({ exit: 0, stdout: "hi\n" });
      expect(called.requests).toEqual(["POST /mcp/ev", "POST /mcp/ev", "POST /mcp/ev"]);
      expect(JSON.parse(called.service.seen[1]?.body ?? "")).toMatchObject({
        method: "tools/list",
        params: { cursor: "page2" },
      });
      expect(called.service.seen[2]?.headers.get("mcp-param-to")).toBe("ada");
    });

    it("says why it cannot call what no MCP door lists, and what to do", async () => {
      const refused = await dome(["call", "orders/getOrder"], { env: alone, replies: [listed([])] });
      expect(refused.exit).toBe(1);
      expect(refused.stderr).toContain("the MCP door of orders lists no getOrder for this agent");
      expect(refused.stderr).toContain("next: set DOME_TOKEN too");
    });
  });

  it("says of an operation that is not there which command lists those of the tool", async () => {
    const refused = await dome(["call", "tickets/nothing"], {
      env: variables,
      replies: [refusalOf(404, "not_found", "operation")],
    });
    expect(refused.exit).toBe(1);
    expect(refused.stderr).toContain("\nnext: dome tools operations tickets\n");
  });

  it("says of an operation without an approved definition where to look", async () => {
    const refused = await dome(["call", "mcp/search"], {
      env: variables,
      replies: [json(200, { ...operation, definition: null })],
    });
    expect(refused.exit).toBe(2);
    expect(refused.stderr).toContain("mcp/search has no approved definition");
    expect(refused.stderr).toContain("next: dome tools diff mcp search\n");
    const elsewhere = await dome(["call", "mcp/a b", "--workspace", "support"], {
      env: variables,
      replies: [json(200, { ...operation, definition: null })],
    });
    expect(elsewhere.stderr).toContain("next: dome tools diff mcp 'a b' --workspace support\n");
  });
});
