/** `dome call`: with which credentials it asks for what, and what it makes of the answers. */
import { describe, expect, it } from "vitest";
import { json } from "../client/fake-service.ts";
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

  it("says of an operation that no HTTP request calls what it is", async () => {
    const refused = await dome(["call", "mcp/search"], {
      env: variables,
      replies: [json(200, { ...operation, definition: { name: "search" } })],
    });
    expect(refused.exit).toBe(2);
    expect(refused.stderr).toContain("MCP tools are called by an MCP client");
  });
});
