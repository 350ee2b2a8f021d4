import { beforeAll, describe, expect, it, test } from "vitest";
import {
  freshWorkspace,
  like,
  operator,
  operatorToken,
  problemOf,
  workspaceObject,
} from "../support/worker-api.ts";

const api = operator();
let home: string;

beforeAll(async () => {
  home = await freshWorkspace();
});

const get = async (path: string) => (await api.call("GET", `${path}?workspace=${home}`)).body;

const TICKET = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  required: ["title"],
  properties: { title: { type: "string", maxLength: 80 } },
  additionalProperties: false,
};

describe("how many calls of a tool may be open", () => {
  it.each([0, 513, 1.5, "8"])("is a whole number from 1 to 512, and not %j", async (max_open_calls) => {
    const body = { name: "bounded", workspace: home, kind: "mcp", url: "https://a.example.com/mcp" };
    const answer = await api.call("POST", "/tools", { body: { ...body, max_open_calls } });
    expect(problemOf(answer)).toMatchObject({ status: 400, members: ["max_open_calls"] });
  });

  it("is a setting of a tool with a server alone, which can be changed", async () => {
    const local = await api.call("POST", "/tools", {
      body: { name: "local-bound", workspace: home, max_open_calls: 8 },
    });
    expect(problemOf(local)).toMatchObject({ status: 400, members: ["max_open_calls"] });
    await api.addTool({
      name: "narrow",
      workspace: home,
      kind: "mcp",
      url: "https://a.example.com/mcp",
      max_open_calls: 8,
    });
    const body = { max_open_calls: 9 };
    const changed = await api.call("PATCH", `/tools/narrow?workspace=${home}`, { body });
    expect(changed.body).toMatchObject({ max_open_calls: 9 });
  });
});

describe("the schemas of a tool's arguments", () => {
  it("are kept and shown as they were sent, by name and in the list", async () => {
    const made = await api.addTool({
      name: "with-schemas",
      workspace: home,
      operations: ["create", "close"],
      argument_schemas: { create: TICKET },
    });
    expect(made).toMatchObject({ argument_schemas: { create: TICKET } });
    expect(await get("/tools/with-schemas")).toEqual(made);
    const { items } = (await api.call("GET", `/tools?workspace=${home}&limit=200`)).body as unknown as {
      items: { name: string }[];
    };
    expect(items.find(({ name }) => name === "with-schemas")).toEqual(made);
  });

  it("are replaced as a whole, and removed, by a change; another change leaves them", async () => {
    await api.addTool({ name: "changing", workspace: home, argument_schemas: { a: TICKET, b: {} } });
    const change = async (body: object) =>
      (await api.call("PATCH", `/tools/changing?workspace=${home}`, { body })).body as unknown as {
        argument_schemas: unknown;
      };
    expect((await change({ description: "x" })).argument_schemas).toEqual({ a: TICKET, b: {} });
    expect((await change({ argument_schemas: { c: TICKET } })).argument_schemas).toEqual({ c: TICKET });
    expect((await change({ argument_schemas: null })).argument_schemas).toBeNull();
  });

  test.each<[string, object, string]>([
    [
      "of an operation that the tool lacks",
      { operations: ["a"], argument_schemas: { b: {} } },
      "argument_schemas.b",
    ],
    ["that lead outside", { argument_schemas: { a: { $ref: "https://example.com" } } }, "argument_schemas.a"],
    [
      "with a pattern that looks ahead",
      { argument_schemas: { a: { pattern: "(?=a)" } } },
      "argument_schemas.a",
    ],
    ["that are too large", { argument_schemas: { a: { title: "x".repeat(33_000) } } }, "argument_schemas.a"],
    ["of an operation with an odd name", { argument_schemas: { "a b": {} } }, "argument_schemas"],
  ])("%s are refused with the member, and nothing is kept", async (_what, more, member) => {
    const answer = await api.call("POST", "/tools", { body: { name: "refused", workspace: home, ...more } });
    expect(problemOf(answer)).toMatchObject({ status: 400, code: "invalid_request" });
    expect(problemOf(answer).members[0]).toContain(member);
    expect((await api.call("GET", `/tools/refused?workspace=${home}`)).status).toBe(404);
  });

  it("may be as large as the bounds say, and are answered the same to a repeat (P12)", async () => {
    const large = { $comment: "x".repeat(32_000), ...TICKET };
    const body = {
      name: "large",
      workspace: home,
      argument_schemas: { a: large, b: large, c: large, d: large },
    };
    const options = { body, headers: { "idempotency-key": "large-schemas" } };
    const made = await api.call("POST", "/tools", options);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ argument_schemas: body.argument_schemas });
    expect((await api.call("POST", "/tools", options)).body).toEqual(made.body);
    expect(await get("/tools/large")).toEqual(made.body);
  });

  it("are held against the operations that a change leaves", async () => {
    await api.addTool({
      name: "narrowed",
      workspace: home,
      operations: ["a", "b"],
      argument_schemas: { b: {} },
    });
    const path = `/tools/narrowed?workspace=${home}`;
    const refused = await api.call("PATCH", path, { body: { operations: ["a"] } });
    expect(problemOf(refused)).toEqual({
      status: 400,
      code: "invalid_request",
      members: ["argument_schemas.b"],
    });
    const both = await api.call("PATCH", path, { body: { operations: ["a"], argument_schemas: { a: {} } } });
    expect(both.status).toBe(200);
  });

  it("are refused without a word of what may be a key (P4)", async () => {
    const secret = `dome_at_${"A".repeat(49)}`;
    const body = { name: "leaky", workspace: home, argument_schemas: { a: { properties: { [secret]: 1 } } } };
    const answer = await api.call("POST", "/tools", { body });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).not.toContain(secret);
  });
});

it.each([
  ["tools", { operations: ["read", "read"] }, "operations"],
  ["pools", { models: ["small-1", "small-1"] }, "models"],
])(
  "the %s refuse a list that names something twice, when added and when changed",
  async (many, body, member) => {
    const twice = { status: 400, code: "invalid_request", members: [member] };
    const add = await api.call("POST", `/${many}`, { body: { name: "doubled", workspace: home, ...body } });
    expect(problemOf(add)).toEqual(twice);
    await api.call("POST", `/${many}`, { body: { name: "single", workspace: home } });
    expect(problemOf(await api.call("PATCH", `/${many}/single?workspace=${home}`, { body }))).toEqual(twice);
  },
);

describe("adding to the catalog", () => {
  it("answers the entry, which is then shown by name: a tool", async () => {
    const made = await api.addTool({
      name: "zendesk",
      workspace: home,
      description: "Tickets",
      operations: ["create_ticket"],
    });
    expect(made).toEqual({
      id: like(/^tol_/),
      name: "zendesk",
      workspace_id: like(/^wsp_/),
      description: "Tickets",
      created_at: like(/Z$/),
      kind: "local",
      operations: ["create_ticket"],
      clear_arguments: false,
      argument_schemas: null,
      url: null,
      auth: { type: "none" },
      forward_headers: [],
      dome_context: null,
      context_headers: [],
      redact_paths: [],
      redact_patterns: [],
      redact_unreadable: "refuse",
      quarantined: 0,
      max_open_calls: 512,
      openapi: null,
      additional_query: false,
      credential: "not_needed",
      version: 1,
    });
    expect(await get("/tools/zendesk")).toEqual(made);
  });

  it("answers the entry, which is then shown by name: a pool and an integration", async () => {
    const pool = await api.addPool({ name: "premium", workspace: home, models: ["claude-x"] });
    expect(pool).toMatchObject({ id: like(/^pol_/), models: ["claude-x"] });
    expect(await get("/pools/premium")).toEqual(pool);
    const integration = await api.addIntegration({ name: "salesforce", workspace: home });
    expect(integration).toMatchObject({ id: like(/^int_/), description: null });
    expect(await get("/integrations/salesforce")).toEqual(integration);
  });

  it("raises the workspace's epoch once per entry, so that every decision after it sees the entry", async () => {
    const { workspace_id: id } = await api.addTool({ name: "first", workspace: home });
    const { config_epoch: before } = await workspaceObject(id).lease();
    await api.addTool({ name: "second", workspace: home });
    expect((await workspaceObject(id).lease()).config_epoch).toBe(before + 1);
  });

  it("of a name that the kind has already is refused with the member, and leaves the entry as it is", async () => {
    const before = await api.addTool({ name: "taken", workspace: home, operations: ["a"] });
    const again = await api.call("POST", "/tools", { body: { name: "taken", workspace: home } });
    expect(problemOf(again)).toEqual({ status: 409, code: "name_taken", members: ["name"] });
    // Names are unique within a kind: a tool and a pool may share one.
    await api.addPool({ name: "taken", workspace: home });
    await api.addIntegration({ name: "taken", workspace: home });
    expect(await get("/tools/taken")).toEqual(before);
  });

  it("at the same moment under one name succeeds once; who comes second is refused or told to repeat", async () => {
    const body = { name: "contested", workspace: home };
    const answers = await Promise.all([1, 2, 3].map(() => api.call("POST", "/tools", { body })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(["name_taken", "configuration_pending"]).toContain(problemOf(answer).code);
    }
  });

  test.each([
    ["tools", { name: "Zendesk" }, "name"],
    ["tools", { name: "x", kind: "stdio" }, "kind"],
    ["tools", { name: "x", operations: ["a b"] }, "operations.0"],
    ["tools", { name: "x", clear_arguments: "yes" }, "clear_arguments"],
    ["pools", { name: "x", models: ["a/b"] }, "models.0"],
    ["pools", { name: "x", operations: [] }, "operations"],
    ["integrations", { name: "" }, "name"],
  ])("to %s with %j is refused with the member", async (kind, body, member) => {
    const answer = await api.call("POST", `/${kind}`, { body: { workspace: home, ...body } });
    expect(problemOf(answer)).toEqual({ status: 400, code: "invalid_request", members: [member] });
  });

  it("is written into the trail", async () => {
    const own = await freshWorkspace();
    await api.addTool({ name: "a", workspace: own });
    await api.addPool({ name: "b", workspace: own });
    await api.addIntegration({ name: "c", workspace: own });
    const entries = await api.auditWith(3, { workspace: own, kind: "catalog.*", order: "oldest" });
    expect(entries.map(({ kind, target }) => [kind, target])).toEqual([
      ["catalog.tool_added", { type: "tool", id: "a" }],
      ["catalog.pool_added", { type: "pool", id: "b" }],
      ["catalog.integration_added", { type: "integration", id: "c" }],
    ]);
  });
});

describe("the catalog", () => {
  it("is listed by name in pages, one kind at a time", async () => {
    const own = await freshWorkspace();
    for (const name of ["c", "a", "b"]) await api.addTool({ name, workspace: own });
    await api.addPool({ name: "z", workspace: own });
    const page = async (query: string) =>
      (await api.call("GET", `/tools?workspace=${own}&limit=2${query}`)).body as {
        items: { name: string }[];
        next_cursor: string | null;
      };
    const first = await page("");
    expect(first.items.map(({ name }) => name)).toEqual(["a", "b"]);
    const second = await page(`&cursor=${first.next_cursor}`);
    expect(second).toMatchObject({ items: [{ name: "c" }], next_cursor: null });
  });

  it("is read by every role, and written by admins and operators", async () => {
    for (const role of ["admin", "security", "operator", "developer", "auditor"] as const) {
      const holder = operator(await operatorToken({ subject: role, role }));
      expect((await holder.call("GET", `/tools?workspace=${home}`)).status).toBe(200);
      const { status } = await holder.call("POST", "/tools", {
        body: { name: `by-${role}`, workspace: home },
      });
      expect([role, status]).toEqual([role, role === "admin" || role === "operator" ? 201 : 403]);
    }
  });

  it("says of an entry that is not there that it is not there", async () => {
    for (const kind of ["tools", "pools", "integrations"]) {
      expect(problemOf(await api.call("GET", `/${kind}/nothing?workspace=${home}`)).code).toBe("not_found");
    }
  });
});

describe("the tiers", () => {
  it("are the three that are built in, with their limits", async () => {
    const { items } = (await api.call("GET", "/tiers")).body as { items: { name: string }[] };
    expect(items.map(({ name }) => name)).toEqual(["restricted", "standard", "trusted"]);
    expect((await api.call("GET", "/tiers/restricted")).body).toMatchObject({
      token_ttl_seconds: 60,
      freshness: "always",
      self_service: true,
      built_in: true,
    });
    expect(problemOf(await api.call("GET", "/tiers/gold")).code).toBe("not_found");
  });
});
