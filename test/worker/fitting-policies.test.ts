/** Changes of the catalog that policies in force would no longer fit: refused with each place, made knowingly, recorded. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ToolOperationDetail, ToolRefreshed } from "../../src/contract/tool-operation.ts";
import { mcpAnswers } from "../support/mcp-answers.ts";
import { problem } from "../../src/contract/problem.ts";
import { freshWorkspace, like, operator, problemOf, type Answer } from "../support/worker-api.ts";

const api = operator();
let home: string;
let server = mcpAnswers();

const schema = (properties: object) => ({ type: "object", properties });
const REFUND = {
  name: "refund",
  description: "Refunds",
  inputSchema: schema({ amount: { type: "integer" } }),
};
const RENAMED = { ...REFUND, inputSchema: schema({ total: { type: "integer" } }) };
const LARGE = `@id("no-large-refunds")
forbid (principal, action, resource == Dome::MCPTool::"payments/refund")
when { context.arguments has amount && context.arguments.amount > 100 };
`;
const CRM = `@id("no-crm")
forbid (principal, action, resource in Dome::Tool::"crm");

@id("no-export")
forbid (principal, action, resource == Dome::LocalTool::"crm/export");

@id("no-pool")
forbid (principal, action, resource == Dome::LLMModel::"fast/model-a");

@id("no-sales")
forbid (principal, action, resource == Dome::Integration::"salesforce");
`;
const REFUSED = { status: 409, code: "policies_break" };

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ name: "payments", workspace: home, kind: "mcp", url: "https://pay.example.com/mcp" });
  await api.addTool({ name: "crm", workspace: home, operations: ["read", "export"] });
  await api.call("POST", "/pools", {
    body: { workspace: home, name: "fast", models: ["model-a", "model-b"] },
  });
  await api.call("POST", "/integrations", { body: { workspace: home, name: "salesforce" } });
  await api.start({ name: "triage", workspace: home, surface: { tools: ["payments", "crm"] } });
});
beforeEach(() => {
  server = mcpAnswers();
  vi.spyOn(globalThis, "fetch").mockImplementation(server.answer);
});
afterEach(() => vi.restoreAllMocks());

const KNOWINGLY = "&even_if_policies_break=true";
const at = (path: string, more = "") => `${path}?workspace=${home}${more}`;

async function inForce(scope: string, source: string): Promise<number> {
  const pushed = await api.call("POST", at(`/policies/${scope}/versions`), { body: { source } });
  expect(pushed.status).toBe(201);
  const { body } = await api.call("POST", at(`/policies/${scope}/activate`), { body: {} });
  return (body as { version: number }).version;
}

async function listed(tool: object): Promise<ToolRefreshed> {
  server.tools = [tool] as typeof server.tools;
  const { status, body } = await api.call("POST", at("/tools/payments/refresh"), { body: {} });
  expect(status).toBe(200);
  return body as ToolRefreshed;
}

async function approve(more = "") {
  const shown = await api.call("GET", at("/tools/payments/operations/refund"));
  const { pending_hash: hash } = shown.body as ToolOperationDetail;
  return api.call("POST", at("/tools/payments/operations/refund/approve", more), { body: { hash } });
}

/** What records say that a change broke; records are on their way for a moment. */
const broke = async (kind: string): Promise<unknown> => {
  const records = await api.audit({ workspace: home, kind });
  return records
    .map(({ data }) => (data as { breaks?: unknown } | undefined)?.breaks)
    .find((breaks) => breaks !== undefined);
};

const errorsOf = (answer: Answer): readonly { readonly member: string; readonly detail: string }[] => {
  expect(problemOf(answer)).toMatchObject(REFUSED);
  return problem.parse(answer.body).errors ?? [];
};

describe("the approval of a changed definition", () => {
  it("is refused where policies in force no longer fit, naming scope, version, place and reason: else they decide nothing", async () => {
    await listed(REFUND);
    const workspace = await inForce("workspace", LARGE);
    const agent = await inForce("agent:triage", `// of the agent\n${LARGE}`);
    await listed(RENAMED);
    const errors = errorsOf(await approve());
    expect(errors).toEqual(
      expect.arrayContaining([
        { member: `workspace ${workspace} 1:1`, detail: like(/^no-large-refunds: /) },
        { member: `agent:triage ${agent} 2:1`, detail: like(/^no-large-refunds: /) },
      ]),
    );
    expect(errors).toHaveLength(2);
  });

  it("is made knowingly, and its record names the policies that it breaks", async () => {
    expect(await approve(KNOWINGLY)).toMatchObject({ status: 200, body: { state: "pinned" } });
    await expect
      .poll(() => broke("catalog.operation_approved"))
      .toEqual(expect.arrayContaining(["workspace/no-large-refunds", "agent:triage/no-large-refunds"]));
  });

  it("asks only about what this change breaks, not again about what was broken before", async () => {
    await listed({ ...RENAMED, description: "Refunds in full" });
    expect(await approve()).toMatchObject({ status: 200 });
    await listed({ ...RENAMED, inputSchema: schema({ total: { type: "number" } }) });
    expect(await approve()).toMatchObject({ status: 200 });
  });

  it("looks at policies in force only, so that a version that fits can be activated first", async () => {
    await inForce("workspace", "");
    await inForce("agent:triage", "");
    await listed(REFUND);
    expect(await approve()).toMatchObject({ status: 200 });
    await inForce("workspace", LARGE);
    await inForce("workspace", "");
    await listed(RENAMED);
    expect(await approve()).toMatchObject({ status: 200 });
  });
});

describe("a change of the catalog", () => {
  it("that brings another schema into force by itself is refused in the same way", async () => {
    await listed(RENAMED);
    await inForce("workspace", LARGE.replaceAll("amount", "total"));
    const argument_schemas = { refund: schema({ amount: { type: "integer" } }) };
    const patch = (more = "") =>
      api.call("PATCH", at("/tools/payments", more), { body: { argument_schemas } });
    expect(problemOf(await patch())).toMatchObject(REFUSED);
    expect(await patch(KNOWINGLY)).toMatchObject({ status: 200 });
    await expect.poll(() => broke("catalog.tool_updated")).toEqual(["workspace/no-large-refunds"]);
    await api.call("PATCH", at("/tools/payments"), { body: { argument_schemas: null } });
  });

  it("that lists another definition first, at the first listing of a tool, is refused in the same way", async () => {
    await inForce("workspace", LARGE.replaceAll("amount", "total"));
    expect(problemOf(await api.call("DELETE", at("/tools/payments", "&force=true")))).toMatchObject(REFUSED);
    const removed = await api.call("DELETE", at("/tools/payments", `&force=true${KNOWINGLY}`));
    expect(removed.status).toBe(200);
    await api.addTool({ name: "payments", workspace: home, kind: "mcp", url: "https://pay.example.com/mcp" });
    server.tools = [REFUND];
    const refresh = (more = "") => api.call("POST", at("/tools/payments/refresh", more), { body: {} });
    expect(problemOf(await refresh())).toMatchObject(REFUSED);
    expect(await refresh(KNOWINGLY)).toMatchObject({ status: 200, body: { pinned: 1 } });
    await expect.poll(() => broke("catalog.tool_refreshed")).toEqual(["workspace/no-large-refunds"]);
  });

  it.each([
    ["an operation", "PATCH", "/tools/crm", { operations: ["read"] }, ["no-export"]],
    ["a tool", "DELETE", "/tools/crm", undefined, ["no-crm", "no-export"]],
    ["a model", "PATCH", "/pools/fast", { models: ["model-b"] }, ["no-pool"]],
    ["a pool", "DELETE", "/pools/fast", undefined, ["no-pool"]],
    ["an integration", "DELETE", "/integrations/salesforce", undefined, ["no-sales"]],
  ])(
    "that removes %s which policies name is refused, because they would seem to protect it",
    async (_, method, path, body, named) => {
      await inForce("workspace", CRM);
      const answer = await api.call(method, at(path, method === "DELETE" ? "&force=true" : ""), {
        ...(body && { body }),
      });
      expect(errorsOf(answer).map(({ detail }) => detail.split(":")[0])).toEqual(named);
    },
  );

  it("that policies do not name needs no word", async () => {
    await inForce("workspace", CRM);
    const body = { description: "Customers", operations: ["export"] };
    expect(await api.call("PATCH", at("/tools/crm"), { body })).toMatchObject({ status: 200 });
    const models = { models: ["model-a"] };
    expect(await api.call("PATCH", at("/pools/fast"), { body: models })).toMatchObject({ status: 200 });
  });
});

describe("a version that is to come into force", () => {
  const change = (verb: "activate" | "rollback", more = "") =>
    api.call("POST", at(`/policies/workspace/${verb}`, more), { body: {} });

  it("is refused where the catalog has changed since it was pushed, as a rollback to it is: else it could forbid nothing", async () => {
    await inForce("workspace", "");
    await listed(REFUND);
    await approve(KNOWINGLY);
    const fitting = await inForce("workspace", LARGE);
    await inForce("workspace", "");
    await listed(RENAMED);
    expect(await approve()).toMatchObject({ status: 200 });
    const errors = [{ member: `workspace ${fitting} 1:1`, detail: like(/^no-large-refunds: /) }];
    expect(errorsOf(await change("rollback"))).toEqual(errors);
    const again = { body: { version: fitting } };
    expect(errorsOf(await api.call("POST", at("/policies/workspace/activate"), again))).toEqual(errors);
  });

  it("comes into force knowingly, and the record names what does not fit", async () => {
    expect(await change("rollback", KNOWINGLY)).toMatchObject({ status: 200, body: { changed: true } });
    await expect.poll(() => broke("policy.rolled_back")).toEqual(["workspace/no-large-refunds"]);
    expect(await change("rollback")).toMatchObject({ status: 200, body: { changed: true } });
  });
});
