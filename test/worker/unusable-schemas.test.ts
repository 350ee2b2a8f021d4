/** Operations whose schema Dome cannot use: said where operators and agents look, and never blamed on a caller. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ToolOperation, ToolOperationDetail, ToolRefreshed } from "../../src/contract/tool-operation.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { mcpAnswers } from "../support/mcp-answers.ts";
import { modernRequest, type ModernRequest } from "../support/mcp-client-request.ts";
import { eventually, freshWorkspace, operator, worker, type Answer } from "../support/worker-api.ts";

const api = operator();
const server = mcpAnswers([
  { name: "find", inputSchema: { type: "object", properties: { q: { type: "string", pattern: "(?=a)" } } } },
  { name: "read", inputSchema: { type: "object" } },
]);
const WHY = "has a schema that cannot be checked: /properties/q/pattern in it has a look-ahead";
const document = {
  openapi: "3.1.0",
  info: { title: "Pets", version: "1" },
  paths: {
    "/pets": {
      get: {
        operationId: "pets",
        parameters: [{ in: "query", name: "q", schema: { type: "string", pattern: "(?=a)" } }],
      },
      post: {
        operationId: "add",
        parameters: [{ in: "cookie", name: "c", required: true, schema: { type: "string" } }],
      },
    },
  },
};
let home: string;
let agent: string;

beforeAll(async () => {
  home = await freshWorkspace();
  agent = (await api.start({ name: "bot", workspace: home, surface: { tools: ["crm", "pets"] } })).secret;
});
beforeEach(() => {
  server.asked.length = 0;
  vi.spyOn(globalThis, "fetch").mockImplementation(server.answer);
});
afterEach(() => vi.restoreAllMocks());

const control = async <T>(method: string, path: string, body?: object): Promise<Answer<T>> =>
  (await api.call(
    method,
    `/tools/${path}?workspace=${home}`,
    body === undefined ? {} : { body },
  )) as Answer<T>;

async function post(request: ModernRequest, door = "/mcp/crm") {
  const headers = { ...request.headers, authorization: `Bearer ${agent}` };
  const answer = await worker(
    new Request(`${TEST_ISSUER}${door}`, { method: "POST", headers, body: request.body }),
  );
  return (await answer.json()) as { result: Record<string, unknown> };
}
const find = modernRequest("tools/call", { name: "find", arguments: { q: "a" } });

describe("an operation of an MCP server whose schema Dome cannot use", () => {
  beforeAll(async () => {
    vi.spyOn(globalThis, "fetch").mockImplementation(server.answer);
    await api.addTool({ name: "crm", workspace: home, kind: "mcp", url: "https://crm.example.com/mcp" });
  });

  it("is named when the server is listed, with the place in the schema, and where operations are shown", async () => {
    const { body } = await control<ToolRefreshed>("POST", "crm/refresh");
    expect(body).toMatchObject({ pinned: 2, unusable: [{ name: "find" }] });
    expect(body.unusable[0]?.why).toContain(WHY);
    const shown = await control<ToolOperationDetail>("GET", "crm/operations/find");
    expect(shown.body.unusable).toContain(WHY);
    const approved = await control<ToolOperation>("POST", "crm/operations/find/approve", {
      hash: shown.body.hash,
    });
    expect(approved.body.unusable).toContain(WHY);
  });

  it("is denied with a reason of its own: no other arguments would help the caller", async () => {
    await eventually(async () => {
      const { result } = await post(find);
      expect(result).toMatchObject({
        isError: true,
        _meta: { "dome/decision": { reason: "schema_unusable", layer: "catalog" } },
      });
      expect(JSON.stringify(result["content"])).toContain(
        `No call of crm/find can be checked: the operation ${WHY}`,
      );
    });
    expect(server.asked).toEqual([]);
  });

  it("is left out of lists, because a model would call it in vain, and named beside them", async () => {
    const alone = await post(modernRequest("tools/list"));
    expect(alone.result["tools"]).toMatchObject([{ name: "read" }]);
    expect(alone.result["_meta"]).toMatchObject({ "dome/unusable": [{ name: "find" }] });
    const all = await post(modernRequest("tools/list"), "/mcp");
    expect(all.result["tools"]).toMatchObject([{ name: "crm.read" }]);
    expect(all.result["_meta"]).toMatchObject({
      "dome/missing": [{ tool: "crm", why: "unusable_schemas" }],
    });
  });

  it("can be called with another schema in the tool's entry", async () => {
    await control("PATCH", "crm", { argument_schemas: { find: { type: "object" } } });
    await eventually(async () => expect((await post(find)).result).not.toMatchObject({ isError: true }));
    expect((await control<ToolRefreshed>("POST", "crm/refresh")).body.unusable).toEqual([]);
  });
});

describe("an operation of an OpenAPI document that cannot be checked", () => {
  it("is denied as such, and can be called with another schema only where the schema is the reason", async () => {
    const base = { workspace: home, kind: "http" as const, url: "https://pets.example.com" };
    await api.addTool({ ...base, name: "pets", openapi: "given" });
    const { body } = await control<ToolRefreshed>("POST", "pets/refresh", { document });
    expect(body.unusable.map(({ name }) => name).toSorted()).toEqual(["add", "pets"]);
    const denied = async (method: string) => {
      const answer = await worker(
        new Request(`${TEST_ISSUER}/tools/pets/pets`, {
          method,
          headers: { authorization: `Bearer ${agent}` },
        }),
      );
      return answer.headers.get("content-type") === "application/problem+json"
        ? ((await answer.json()) as { reason: unknown }).reason
        : null;
    };
    await eventually(async () => expect(await denied("GET")).toBe("schema_unusable"));
    expect(await denied("POST")).toBe("schema_unusable");
    await control("PATCH", "pets", { argument_schemas: { pets: {}, add: {} } });
    vi.mocked(fetch).mockImplementation(() => Promise.resolve(new Response("ok")));
    await eventually(async () => expect(await denied("GET")).toBeNull());
    expect(await denied("POST")).toBe("schema_unusable");
  });
});
