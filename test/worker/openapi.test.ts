/** The OpenAPI document and the Worker are one thing: what is mounted is documented, and what is answered fits. */
import { beforeAll, describe, expect, it, vi } from "vitest";
import { mcpAnswers } from "../support/mcp-answers.ts";
import type { ToolOperationDetail } from "../../src/contract/tool-operation.ts";
import type { ToolSecret } from "../../src/contract/upstream.ts";
import type { z } from "zod";
import { createApp } from "../../src/api/app.ts";
import { openApiDocument } from "../../src/api/openapi.ts";
import { routes } from "../../src/api/routes.ts";
import type { AgentCreated } from "../../src/contract/agent.ts";
import type { Decision } from "../../src/contract/check.ts";
import type { Transition, WorkspaceTransition } from "../../src/contract/halt.ts";
import type { KeyCreated } from "../../src/contract/key.ts";
import type { OperatorCreated } from "../../src/contract/operator.ts";
import {
  bearer,
  expectSafeHeaders,
  jsonOf,
  send,
  type Answer,
  type Sent,
} from "../security/calls.fixture.ts";
import { ADMIN } from "../security/installation.fixture.ts";
import { DOCUMENT, OPERATIONS, pathOf } from "../security/routes.fixture.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";

describe("the document", () => {
  it("is served as it is generated, to anybody", async () => {
    const served = await send("GET", "/api/v1/openapi.json");
    expect(served.status).toBe(200);
    expect(served.headers.get("content-type")).toBe("application/json");
    expect(jsonOf(served)).toEqual(JSON.parse(JSON.stringify(openApiDocument(TEST_ISSUER, routes))));
  });

  it("has every route that is mounted, and mounted is every route that it has", () => {
    const app = createApp(
      () => Promise.reject(new Error("nothing is called")),
      () => "",
    );
    const mounted = app.routes
      .filter(({ method }) => method !== "ALL" && method !== "OPTIONS")
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}").replace(/\*$/, "{path}")}`);
    const documented = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(mounted.toSorted()).toEqual(documented.toSorted());
    expect(new Set(documented).size).toBe(documented.length);
  });
});

/** Which operations were answered with which success. */
const IN_A_MONTH = new Date(Date.now() + 30 * 86_400_000).toISOString();
const seen = new Set<string>();
/** What must be in no cache: a credential or a decision is in it. */
const uncached = new Set<string>();

/** Where an answer does not fit its schema. */
const drift: string[] = [];

/** Calls an operation and compares its answer with the schema that the document was made from. */
async function call<T>(
  id: string,
  values: Readonly<Record<string, string>> = {},
  sent: Sent = {},
  search = "",
): Promise<T> {
  const operation = OPERATIONS.find((each) => each.id === id);
  if (operation === undefined) throw new Error(`the document has no ${id}`);
  const answer: Answer = await send(operation.method, pathOf(operation, values) + search, {
    authorization: operation.by === "anyone" ? undefined : ADMIN,
    ...sent,
  });
  expectSafeHeaders(answer);
  if (answer.status >= 300) throw new Error(`${id}: ${answer.status} ${answer.text}`);
  seen.add(`${id} ${answer.status}`);
  if (answer.headers.get("cache-control") === "no-store") uncached.add(id);
  const isText = answer.headers.get("content-type")?.startsWith("text/") === true;
  const body = isText ? answer.text : jsonOf(answer);
  const schema = schemaOf(id, answer.status);
  for (const issue of schema?.safeParse(body).error?.issues ?? [])
    drift.push(`${id} ${issue.path.join(".")}: ${issue.message}`);
  return body as T;
}

/** Undefined: the answer has no body. @throws for a status that the document does not have. */
function schemaOf(id: string, status: number): z.ZodType | undefined {
  const route = routes.find(({ operationId }) => operationId === id);
  if (route === undefined) throw new Error(`the document has ${id}, which is no route`);
  const found = route.answers.find((answer) => answer.status === status);
  if (found === undefined) throw new Error(`${id} answered ${status}, which the document does not have`);
  return found.schema;
}

const effective = "?wait=effective";

describe("every answer", () => {
  let agent: AgentCreated;
  let key: string;
  let asAgent: Sent;

  beforeAll(async () => {
    await call("createWorkspace", {}, { body: { name: "default", description: "the first" } });
    for (const kind of ["Tool", "Pool", "Integration"]) {
      await call(`add${kind}`, {}, { body: { name: "crm", description: "of the house" } });
    }
    await call("addTool", {}, { body: { name: "erp", operations: ["read"], clear_arguments: true } });
    const server = {
      kind: "http",
      url: "https://api.example.com",
      auth: { type: "basic", username: "dome" },
    };
    await call("addTool", {}, { body: { name: "server", ...server, forward_headers: ["x-tenant"] } });
    await call("addPool", {}, { body: { name: "fast", models: ["m-1"] } });
    agent = await call(
      "registerAgent",
      {},
      {
        body: {
          name: "full",
          owner: "ada@example.com",
          contact: "#ada",
          tier: "trusted",
          description: "has everything",
          labels: { team: "blue", "cost/center": "7" },
          surface: { tools: ["crm", "erp/read"], pools: ["fast"], integrations: ["crm", "missing"] },
          delegates_to: ["other"],
          expires_at: "2099-01-01T00:00:00+02:00",
          freshness: "leased",
          key_expires_at: IN_A_MONTH,
        },
      },
    );
    key = agent.api_key.secret ?? "";
    asAgent = { authorization: bearer(key) };
    await call("activateAgent", { agent: "full" });
  });

  it("about workspaces, tiers, health and discovery fits its schema", async () => {
    await call("listWorkspaces");
    await call("showWorkspace", { workspace: "default" });
    await call("updateWorkspace", { workspace: "default" }, { body: { description: "ours" } });
    const { halt } = await call<WorkspaceTransition>("haltWorkspace", { workspace: "default" }, { body: {} });
    await call("haltWorkspace", { workspace: "default" }, { body: {} }, effective);
    await call("listWorkspaceHalts", { workspace: "default" });
    await call("showWorkspaceHalt", { workspace: "default", halt: halt?.id ?? "" });
    await call("resumeWorkspace", { workspace: "default" }, { body: {} });
    const ada = { issuer: "https://login.example.com", subject: "ada" };
    await call("stopUser", { workspace: "default" }, { body: ada });
    await call("stopUser", { workspace: "default" }, { body: ada }, effective);
    await call("resumeUser", { workspace: "default" }, { body: ada });
    const transaction = { workspace: "default", txn: "txn_01k9v3m8q2x7n5r4t6w0y1z2a3" };
    await call("stopTransaction", transaction, { body: {} });
    await call("stopTransaction", transaction, { body: {} }, effective);
    await call("listTiers");
    await call("showTier", { tier: "restricted" });
    await call("addTier", {}, { body: { name: "batch-jobs", like: "trusted", max_act_seconds: 60 } });
    await call("updateTier", { tier: "batch-jobs" }, { body: { description: "for the night" } });
    await call("removeTier", { tier: "batch-jobs" });
    await call("decideAfresh", {}, { body: { agent: "full", tool: "crm" } });
    const policies = { scope: "workspace", version: "1" };
    const wrong = "permit (principal)";
    await call("validatePolicy", policies, { body: { source: wrong } });
    const forbids = `@id("no-crm") @reason("Not yet.") forbid (principal, action, resource in Dome::Tool::"crm");`;
    await call("validatePolicy", policies, { body: { source: forbids } });
    for (const source of [forbids, ""]) {
      await call("pushPolicy", policies, { body: { source, message: "a draft" } });
      await call("activatePolicy", policies, { body: {} });
    }
    await call("rollBackPolicy", policies);
    await call("rollBackPolicy", policies);
    await call("shadowPolicy", policies, { body: { version: 1 } });
    await call("replayDecisions", policies, { body: { since: "2026-01-01T00:00:00Z", source: forbids } });
    await call("listPolicyBundles");
    await call("showPolicyBundle", policies);
    await call("listPolicyVersions", policies);
    await call("showPolicyVersion", policies);
    await call("showOperatorSelf");
    await call("explainProblem", { code: "not_found" });
    await call("toolResourceMetadata", { tool: "crm" });
    await call("mcpResourceMetadata", { tool: "crm" });
    await call("mcpAllResourceMetadata");
    for (const id of [
      "healthz",
      "readyz",
      "authorizationServerMetadata",
      "protectedResourceMetadata",
      "jwks",
      "openapi",
    ])
      await call(id);
    expect(drift).toEqual([]);
  });

  it("about the catalog fits its schema", async () => {
    for (const kind of ["Tool", "Pool", "Integration"]) {
      await call(`list${kind}s`);
      await call(`show${kind}`, { name: "crm" });
    }
    for (const kind of ["Tool", "Pool", "Integration"]) {
      await call(`add${kind}`, {}, { body: { name: "short-lived" } });
      await call(`update${kind}`, { name: "short-lived" }, { body: { description: null } });
      await call(`remove${kind}`, { name: "short-lived" });
      await call(`add${kind}`, {}, { body: { name: "short-lived" } });
    }
    await call(
      "updateTool",
      { name: "erp" },
      { body: { operations: ["read", "list"], clear_arguments: false } },
    );
    await call("updatePool", { name: "fast" }, { body: { models: null } });
    const secret = await call<ToolSecret>("addToolSecret", { name: "server" }, { body: { value: "s3cret" } });
    await call("showTool", { name: "server" });
    await call("listToolSecrets", { name: "server" });
    await call("removeToolSecret", { name: "server", secret: secret.id });
    const server = mcpAnswers([{ name: "search", inputSchema: { type: "object" } }]);
    const answering = vi.spyOn(globalThis, "fetch").mockImplementation(server.answer);
    await call("addTool", {}, { body: { name: "listed", kind: "mcp", url: "https://mcp.example.com/" } });
    await call("refreshTool", { name: "listed" });
    await call("testTool", { name: "listed" });
    answering.mockRestore();
    await call("listToolOperations", { name: "listed" });
    const operation = { name: "listed", operation: "search" };
    const { hash } = await call<ToolOperationDetail>("showToolOperation", operation);
    await call("approveToolOperation", operation, { body: { hash, read_only: true } });
    await call("removeTool", { name: "short-lived" }, {}, "?force=true");
    await call("showTool", { name: "erp" });
    await call("showPool", { name: "fast" });
    expect(drift).toEqual([]);
  });

  it("about identity providers fits its schema", async () => {
    const issuer = "https://login.idp.example";
    const audiences = [{ audience: "app", agent: "full" }, { audience: "portal" }];
    const body = { name: "okta", issuer, audiences, audience_scope: "workspace", tenant: "t-1" };
    await call("addIdentityProvider", {}, { body });
    await call("listIdentityProviders");
    await call("showIdentityProvider", { name: "okta" });
    await call("testIdentityProvider", { name: "okta" }, { body: { token: "no token" } });
    await call("removeIdentityProvider", { name: "okta" });
    expect(drift).toEqual([]);
  });

  it("about an agent fits its schema", async () => {
    await call("registerAgent", {}, { body: { name: "bare" } });
    await call("showAgent", { agent: "bare" });
    await call("showAgent", { agent: "full" });
    await call("listAgents", {}, {}, "?limit=1");
    await call("redeclareAgentItems", { agent: "full" }, { body: { all: true } });
    await call("suggestPolicy", { agent: "full" }, {}, "?since=2026-11-01T00:00:00Z");
    await call("transferAgent", { agent: "bare" }, { body: { to: "bea@example.com" } });
    await call(
      "updateAgent",
      { agent: "full" },
      { body: { parent: null, labels: {}, surface: { tools: ["gone", "crm", "erp"] } } },
    );
    expect(drift).toEqual([]);
  });

  it("to an agent fits its schema, allow and deny, by key and by token", async () => {
    const form = {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "grant_type=client_credentials",
    };
    const { access_token: token } = await call<{ access_token: string }>(
      "issueToken",
      {},
      { ...asAgent, ...form },
    );
    const about = (text: string): Sent => ({ ...form, body: `token=${text}` });
    await call("introspectToken", {}, about(token));
    await call("introspectToken", {}, about("nothing"));
    await call("revokeToken", {}, about("nothing"));
    await call("updateAgent", { agent: "full" }, { body: { surface: { tools: ["gone", "crm", "erp"] } } });
    for (const sent of [asAgent, { authorization: bearer(token) }]) {
      await call("showSelf", {}, sent);
      await call("followSelf", {}, sent);
      const event = { kind: "sdk.signal", time: "2026-11-28T09:00:00Z", signal: "started" };
      await call("reportEvents", {}, { ...sent, body: { events: [{ event_id: "e", ...event }, event] } });
      for (const [body, reason] of [
        [{ tool: "crm/any", arguments: { a: [1, { b: null }] } }, "permitted"],
        [{ tool: "erp/write" }, "catalog_operation_missing"],
        [{ tool: "gone" }, "catalog_missing"],
        [{ tool: "other" }, "surface_undeclared"],
        [{ model: "fast/m-1" }, "surface_undeclared"],
        [{ integration: "crm" }, "surface_undeclared"],
        [{ action: "tool:use", resource: "erp/read", arguments: {} }, "permitted"],
      ] as const) {
        const made = await call<Decision>("check", {}, { ...sent, body });
        expect(made.reason).toBe(reason);
        if (sent === asAgent || reason !== "catalog_missing") continue; // a fresh decision is waited for
        for (const reader of [ADMIN, bearer(key)]) {
          await call("explainDecision", { decision: made.decision_id }, { authorization: reader });
        }
      }
    }
    expect(drift).toEqual([]);
  });

  it("about keys and halts fits its schema, at once and when effective", async () => {
    const named = { agent: "full" };
    const first = await call<KeyCreated>("issueKey", named, { body: { expires_at: IN_A_MONTH } });
    const overlap = { replaces: first.api_key.id, overlap_seconds: 60 };
    const second = await call<KeyCreated>("issueKey", named, { body: overlap });
    const third = await call<KeyCreated>("issueKey", named, { body: { replaces: second.api_key.id } });
    await call("identifyKey", {}, { body: { api_key: first.api_key.secret } });
    await call("revokeKey", { ...named, key: third.api_key.id });
    await call("revokeKey", { ...named, key: third.api_key.id }, {}, effective);
    await call("listKeys", named);
    const { halt } = await call<Transition>("suspendAgent", named, { body: { reason: "a look" } });
    await call("listHalts", named);
    await call("showHalt", { ...named, halt: halt?.id ?? "" });
    await call("resumeAgent", named, { body: { reason: "nothing was wrong" } });
    await call("suspendAgent", named, {}, effective);
    await call("showHalt", { ...named, halt: halt?.id ?? "" });
    await call("revokeAgent", named, { body: {} });
    await call("revokeAgent", named, {}, effective);
    await call("showAgent", named);
    await call("listKeys", named);
    await call("listKeysOfAgents", {}, {}, "?limit=1");
    expect(drift).toEqual([]);
  });

  it("about operators fits its schema", async () => {
    const body = { subject: "ada@example.com", role: "security", workspaces: ["default"] };
    const first = await call<OperatorCreated>("createOperator", {}, { body });
    const rotation = { replaces: first.operator.id, overlap_seconds: 60 };
    const next = await call<OperatorCreated>("createOperator", {}, { body: rotation });
    await call("listOperators");
    await call("showOperator", { operator: first.operator.id });
    await call("revokeOperator", { operator: next.operator.id });
    expect(drift).toEqual([]);
  });

  it("about signing keys and root keys fits its schema", async () => {
    await call("rotateSigningKeys", {}, { body: {} });
    await call("rotateSigningKeys", {}, { body: { use: "receipt", mode: "now" } });
    await call("listSigningKeys");
    await call("showRootKeys");
    await call("rewrapRootKey", {}, { body: { dry_run: true } });
    expect(drift).toEqual([]);
  });

  it("of the trail fits its schema, page by page", async () => {
    await call("showStatus");
    await call("listUsers");
    await call("listOpenActs");
    await call("replayAudit");
    await call("tailAudit", {}, {}, "?after=0");
    await call("tailAudit", {}, {}, "?kind=transaction.*");
    for (const workspace of ["default", "org"]) {
      let cursor: string | null = "";
      while (cursor !== null) {
        const from: string = cursor === "" ? "" : `&cursor=${cursor}`;
        const page: { items: { id: string }[]; next_cursor: string | null } = await call(
          "listAudit",
          {},
          {},
          `?workspace=${workspace}&order=oldest&limit=20${from}`,
        );
        cursor = page.next_cursor;
        for (const { id } of page.items.slice(0, 1))
          await call("showAuditRecord", { record: id }, {}, `?workspace=${workspace}`);
      }
    }
    expect(drift).toEqual([]);
  });

  it("that the document knows was among these, and no-store where a credential or a decision is", () => {
    const documented = OPERATIONS.flatMap(({ id }) => {
      const route = routes.find(({ operationId }) => operationId === id);
      return (route?.answers ?? [{ status: 200 }]).map(({ status }) => `${id} ${status}`);
    });
    expect([...seen].toSorted()).toEqual(documented.toSorted());
    expect([...uncached].toSorted()).toEqual([
      "check",
      "createOperator",
      "decideAfresh",
      "explainDecision",
      "followSelf",
      "identifyKey",
      "introspectToken",
      "issueKey",
      "issueToken",
      "listAudit",
      "listOpenActs",
      "listUsers",
      "registerAgent",
      "replayDecisions",
      "reportEvents",
      "revokeToken",
      "showAuditRecord",
      "showSelf",
      "tailAudit",
      "testIdentityProvider",
    ]);
  });
});
