import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { evaluate, safeChange, type Facts, type AccessRequest } from "../../../src/access/evaluate.ts";
import { MCP_CONNECTION } from "../../../src/contract/mcp-operations.ts";
import type { QuarantineReason } from "../../../src/contract/tool-operation.ts";
import type { Surface } from "../../../src/contract/agent.ts";
import type { RegisteredAgent } from "../../../src/registry/agents.ts";
import type { Catalog } from "../../../src/registry/catalog.ts";
import { NO_POLICIES } from "../../support/no-policies.ts";
import { BUILT_IN_TIERS } from "../../support/built-in-tiers.ts";
import { limitsOf } from "../../../src/tiers/limits.ts";
import { parseScope, SURFACE, type Scope } from "../../../src/contract/scope.ts";

const NOTHING_PINNED = {
  id: "tol_01k9v3m8q2x7n5r4t6w0y1z2a3" as const,
  pinned: new Map(),
  quarantined: new Map(),
  readOnly: new Set<string>(),
  routes: null,
  requests: new Map(),
  additionalQuery: false,
};
const NOTHING: Surface = { tools: [], pools: [], integrations: [] };

const agent = (
  name: string,
  surface: Partial<Surface>,
  more: Partial<RegisteredAgent> = {},
): RegisteredAgent => ({
  id: "agt_01k9v3m8q2x7n5r4t6w0y1z2a3",
  workspaceId: "wsp_01k9v3m8q2x7n5r4t6w0y1z2a3",
  workspaceName: "default",
  name,
  owner: "ada@example.com",
  steward: "ada@example.com",
  stewardSince: 0,
  createdAt: 0,
  contact: null,
  tier: "standard",
  description: null,
  labels: {},
  parentId: null,
  requireActas: null,
  delegatesTo: [],
  expiresAt: null,
  freshness: null,
  recordVersion: 1,
  fence: 0,
  lastChange: null,
  objectStartedAt: 0,
  state: "active",
  stateVersion: 1,
  stateChangedAt: 0,
  revokedAt: null,
  hold: null,
  stop: null,
  draining: null,
  lastActiveAt: null,
  surface: { ...NOTHING, ...surface },
  items: [],
  ...more,
});

const NOTE_SCHEMA = {
  type: "object",
  required: ["text"],
  properties: { text: { type: "string", maxLength: 10 } },
  additionalProperties: false,
};

const catalog: Catalog = {
  tools: new Map([
    [
      "zendesk",
      {
        operations: ["create_ticket", "close_ticket"],
        clearArguments: false,
        schemas: new Map(),
        ...NOTHING_PINNED,
        upstream: null,
      },
    ],
    [
      "notes",
      {
        operations: null,
        clearArguments: false,
        schemas: new Map([["add", NOTE_SCHEMA]]),
        ...NOTHING_PINNED,
        upstream: null,
      },
    ],
    [
      "empty",
      { operations: [], clearArguments: false, schemas: new Map(), ...NOTHING_PINNED, upstream: null },
    ],
  ]),
  pools: new Map([
    ["premium", { models: ["claude-x"] }],
    ["any", { models: null }],
  ]),
  integrations: new Set(["salesforce"]),
};

const tool = (name: string, part: string | null = null): AccessRequest => ({
  kind: "tool",
  action: "tool:use",
  name,
  part,
});
const pool = (name: string, part: string | null = null): AccessRequest => ({
  kind: "pool",
  action: "llm:chat",
  name,
  part,
});
const integration = (name: string): AccessRequest => ({
  kind: "integration",
  action: "integration:use",
  name,
  part: null,
});

/** A chain is a list in most of these tests: which agent is the first is not what they are about. */
type Given = Partial<Omit<Facts, "agents">> & { readonly agents?: readonly RegisteredAgent[] };

const facts = ({ agents = [agent("bot", {})], ...more }: Given): Facts => ({
  agents: agents as Facts["agents"],
  headers: null,
  scope: SURFACE,
  user: null,
  catalog,
  limits: limitsOf(BUILT_IN_TIERS, [agent("bot", {})]),
  args: undefined,
  argumentFault: null,
  policies: NO_POLICIES,
  circumstances: { user: null, request: {}, headers: {}, now: 0 },
  ...more,
});

const scope = (text: string): Scope => {
  const parsed = parseScope(text);
  if (!parsed.ok) throw new Error(parsed.error.kind);
  return parsed.value;
};

const reason = (given: Given, question: AccessRequest): string => evaluate(facts(given), question).reason;

describe("what is declared", () => {
  test.each<[string, Partial<Surface>, AccessRequest, string]>([
    ["a tool covers its operations", { tools: ["zendesk"] }, tool("zendesk", "create_ticket"), "permitted"],
    ["a tool covers all of itself", { tools: ["zendesk"] }, tool("zendesk"), "permitted"],
    [
      "an operation covers itself",
      { tools: ["zendesk/create_ticket"] },
      tool("zendesk", "create_ticket"),
      "permitted",
    ],
    [
      "an operation covers no other",
      { tools: ["zendesk/create_ticket"] },
      tool("zendesk", "close_ticket"),
      "surface_undeclared",
    ],
    [
      "an operation does not cover its tool",
      { tools: ["zendesk/create_ticket"] },
      tool("zendesk"),
      "surface_undeclared",
    ],
    ["a name covers no longer name", { tools: ["note"] }, tool("notes"), "surface_undeclared"],
    ["a pool covers its models", { pools: ["premium"] }, pool("premium", "claude-x"), "permitted"],
    ["a pool is no tool of the same name", { pools: ["notes"] }, tool("notes"), "surface_undeclared"],
    [
      "an integration is no pool of the same name",
      { integrations: ["any"] },
      pool("any"),
      "surface_undeclared",
    ],
    [
      "an integration covers itself",
      { integrations: ["salesforce"] },
      integration("salesforce"),
      "permitted",
    ],
    ["nothing covers anything", {}, tool("zendesk"), "surface_undeclared"],
  ])("%s (P1)", (_rule, surface, question, expected) => {
    expect(reason({ agents: [agent("bot", surface)] }, question)).toBe(expected);
  });

  it("must be declared by every agent of the chain, and the one that lacks it is named (P1, P6)", () => {
    const agents = [
      agent("outer", { tools: ["notes"] }),
      agent("inner", {}),
      agent("subject", { tools: ["notes"] }),
    ];
    const verdict = evaluate(facts({ agents }), tool("notes"));
    expect(verdict).toMatchObject({
      reason: "surface_undeclared",
      detail: "The agent inner has not declared tool notes.",
      change: { command: "dome agents update inner --add-tool notes --workspace default", role: "operator" },
    });
  });
});

describe("what the catalog has", () => {
  const agents = [
    agent("bot", {
      tools: ["zendesk", "zendsk", "notes", "empty", "other"],
      pools: ["premium", "any", "premum"],
      integrations: ["salesforce", "sales-force"],
    }),
  ];

  test.each<[AccessRequest, string]>([
    [tool("zendesk", "create_ticket"), "permitted"],
    [tool("zendesk", "delete_all"), "catalog_operation_missing"],
    [tool("zendesk", "Create_Ticket"), "catalog_operation_missing"],
    [tool("notes", "anything"), "permitted"],
    [tool("empty", "anything"), "catalog_operation_missing"],
    [tool("other"), "catalog_missing"],
    [pool("premium", "claude-x"), "permitted"],
    [pool("premium", "claude-y"), "catalog_operation_missing"],
    [pool("any", "claude-y"), "permitted"],
    [pool("premum"), "catalog_missing"],
    [integration("sales-force"), "catalog_missing"],
  ])("decides on %j: %s (P1)", (question, expected) => {
    expect(reason({ agents }, question)).toBe(expected);
  });

  it("is named with what would mend it: the near match, or the command that adds it", () => {
    expect(evaluate(facts({ agents }), tool("zendsk")).change).toEqual({
      detail: "Ask an operator to add tool zendsk to the workspace's catalog.",
      command: "dome tools add zendsk --workspace default   # or is zendesk meant?",
      role: "operator",
    });
    expect(evaluate(facts({ agents }), tool("other")).change?.command).toBe(
      "dome tools add other --workspace default",
    );
  });

  it("shows the operations there are, which the agent has declared as a whole", () => {
    const { change } = evaluate(facts({ agents }), tool("zendesk", "delete_all"));
    expect(change?.detail).toBe("Use one of the operations of zendesk: create_ticket, close_ticket.");
    expect(evaluate(facts({ agents }), tool("empty", "x")).change?.detail).toBe(
      "Use one of the operations of empty: it has none.",
    );
  });

  it("is shown to nobody who has not declared it: undeclared comes first (P11)", () => {
    for (const name of ["zendesk", "nothing-like-it"])
      expect(reason({}, tool(name))).toBe("surface_undeclared");
  });
});

describe("the arguments of an operation that has a schema", () => {
  const agents = [agent("bot", { tools: ["notes", "zendesk"] })];

  test.each<[unknown, string]>([
    [{ text: "short" }, "permitted"],
    [{ text: "longer than ten" }, "arguments_invalid"],
    [{ text: 1 }, "arguments_invalid"],
    [{ text: "short", more: 1 }, "arguments_invalid"],
    [{}, "arguments_invalid"],
    [undefined, "arguments_invalid"],
  ])("are checked: %j is %s (P1)", (args, expected) => {
    expect(reason({ agents, args }, tool("notes", "add"))).toBe(expected);
  });

  it("are told by place and by what is expected there, never by value, with what to send (P4)", () => {
    const args = { text: "dome_at_SECRET-SECRET" };
    const verdict = evaluate(facts({ agents, args }), tool("notes", "add"));
    expect(verdict).toMatchObject({
      decision: "deny",
      reason: "arguments_invalid",
      layer: "catalog",
      detail: 'The arguments of notes/add do not match its schema: "/text" must have at most 10 characters.',
      change: {
        detail: "Send arguments that match the schema of notes/add.",
        command: "dome tools show notes --workspace default",
        role: null,
      },
    });
    expect(JSON.stringify(verdict)).not.toContain("SECRET");
  });

  it.each([
    [{ text: 5 }, '"/text" must be a string'],
    [{}, '"/text" is missing'],
    [{ text: "x", tone: "LOUD-SECRET" }, '"/tone" must be "calm" or "gay"'],
  ])("are told what the schema expects instead of %j, in its own words (P4)", (args, said) => {
    const schema = {
      ...NOTE_SCHEMA,
      properties: { ...NOTE_SCHEMA.properties, tone: { enum: ["calm", "gay"] } },
    };
    const notes = catalog.tools.get("notes");
    if (notes === undefined) throw new Error("the catalog has no notes");
    const tools = new Map([["notes", { ...notes, schemas: new Map([["add", schema]]) }]]);
    const verdict = evaluate(facts({ agents, args, catalog: { ...catalog, tools } }), tool("notes", "add"));
    expect(verdict).toMatchObject({
      detail: `The arguments of notes/add do not match its schema: ${said}.`,
      change: { detail: "Send arguments that match the schema of notes/add." },
    });
    expect(JSON.stringify(verdict)).not.toContain("SECRET");
  });

  it("send to the pinned definition of the operation, where there is one", () => {
    const notes = catalog.tools.get("notes");
    if (notes === undefined) throw new Error("the catalog has no notes");
    const tools = new Map([["notes", { ...notes, pinned: new Map([["add", NOTE_SCHEMA]]) }]]);
    expect(
      evaluate(facts({ agents, args: {}, catalog: { ...catalog, tools } }), tool("notes", "add")),
    ).toMatchObject({ change: { command: "dome tools diff notes add --workspace default" } });
  });

  it("are not blamed where the schema cannot be used: the denial names the place in it, and who can mend it", () => {
    const notes = catalog.tools.get("notes");
    if (notes === undefined) throw new Error("the catalog has no notes");
    const schema = { type: "object", properties: { text: { pattern: "(?=a)" } } };
    const pinned = new Map([["add", schema]]);
    const unusable = { ...notes, schemas: pinned, pinned };
    const tools = new Map([["notes", unusable]]);
    const decide = (of: Partial<Facts>) =>
      evaluate(facts({ agents, args: { text: "a" }, ...of }), tool("notes", "add"));
    expect(decide({ catalog: { ...catalog, tools } })).toMatchObject({
      reason: "schema_unusable",
      layer: "catalog",
      detail: expect.stringMatching(
        /^No call of notes\/add can be checked: the operation has a schema that cannot be checked: \/properties\/text\/pattern in it has a look-ahead/,
      ) as string,
      change: { command: "dome tools update notes --schema add=FILE --workspace default", role: "operator" },
    });
  });

  const quarantined = (why: QuarantineReason) => {
    const notes = catalog.tools.get("notes");
    if (notes === undefined) throw new Error("the catalog has no notes");
    const tools = new Map([["notes", { ...notes, quarantined: new Map([["add", why]]) }]]);
    return evaluate(facts({ agents, args: {}, catalog: { ...catalog, tools } }), tool("notes", "add"));
  };

  it("of an operation that its server no longer lists are refused with that reason, and nobody is sent to approve it", () => {
    expect(quarantined("gone")).toMatchObject({
      reason: "operation_quarantined",
      detail: "The operation add of notes is quarantined: its server no longer lists it.",
      change: { command: "dome tools refresh notes --workspace default" },
    });
  });

  it.each([
    ["new", "nobody has approved it"],
    ["moved", "the tool has another address since it was approved"],
  ] as const)("of an operation that is %s are refused with that reason", (why, said) => {
    expect(quarantined(why)).toMatchObject({
      detail: `The operation add of notes is quarantined: ${said}.`,
      change: { command: "dome tools diff notes add --workspace default" },
    });
  });

  it("of an operation that its server defines otherwise are refused, and an operator is sent to what differs", () => {
    expect(quarantined("changed")).toMatchObject({
      reason: "operation_quarantined",
      detail: "The operation add of notes is quarantined: its server does not define it as it was approved.",
      change: { command: "dome tools diff notes add --workspace default" },
    });
  });

  it("are not checked for another operation, nor for one named like a member of every object", () => {
    for (const part of ["other", "constructor", "__proto__"]) {
      expect(reason({ agents, args: {} }, tool("notes", part))).toBe("permitted");
    }
    expect(reason({ agents, args: { any: 1 } }, tool("zendesk", "create_ticket"))).toBe("permitted");
  });

  it("are checked only for who has declared the tool (P11)", () => {
    expect(reason({ args: {} }, tool("notes", "add"))).toBe("surface_undeclared");
  });
});

describe("the order of the steps", () => {
  const acting = agent("bot", { tools: ["notes", "ghost"] }, { requireActas: "oidc" });

  test.each<[string, Partial<Facts>, AccessRequest, string]>([
    ["scope before surface", { scope: scope("tool:other") }, tool("jira"), "scope_insufficient"],
    ["surface before catalog", { agents: [acting] }, tool("jira"), "surface_undeclared"],
    ["catalog before act-as", { agents: [acting] }, tool("ghost"), "catalog_missing"],
    [
      "act-as before tier",
      { agents: [acting], limits: limitsOf(new Map(), [acting]) },
      tool("notes"),
      "actas_required",
    ],
    [
      "tier before policy",
      { agents: [agent("bot", { tools: ["notes"] })], limits: limitsOf(new Map(), [acting]) },
      tool("notes"),
      "tier_limit",
    ],
  ])("is %s", (_order, given, question, expected) => {
    expect(reason(given, question)).toBe(expected);
  });
});

describe("act-as", () => {
  const acting = agent("acting", { tools: ["notes"] }, { requireActas: "oidc:okta" });
  const plain = agent("plain", { tools: ["notes"] });
  const by = (provider: string | null) => ({ id: "usr_x", provider });

  it("is demanded by any agent of the chain, wherever it stands (P7)", () => {
    for (const agents of [[acting], [acting, plain], [plain, acting]]) {
      expect(reason({ agents }, tool("notes"))).toBe("actas_required");
      expect(reason({ agents, user: by("okta") }, tool("notes"))).toBe("permitted");
    }
  });

  it("is demanded of a certain provider by any agent of the chain; another one's user is none (P7)", () => {
    for (const agents of [[acting], [acting, plain], [plain, acting]]) {
      const verdict = evaluate(facts({ agents, user: by("entra") }), tool("notes"));
      expect(verdict).toMatchObject({ reason: "actas_provider", layer: "actas" });
      expect(verdict.detail).toContain("acting acts only for users of the identity provider okta");
    }
    const any = agent("any", { tools: ["notes"] }, { requireActas: "oidc" });
    expect(reason({ agents: [any], user: by("entra") }, tool("notes"))).toBe("permitted");
  });

  it("ends with the provider: a user whose provider is gone is nobody's, whether demanded or not (P7)", () => {
    for (const agents of [[acting], [plain]]) {
      expect(reason({ agents, user: by(null) }, tool("notes"))).toBe("actas_provider");
    }
  });

  it("is told with what to send, in which header and how fresh", () => {
    const { detail, change } = evaluate(facts({ agents: [acting] }), tool("notes"));
    expect(detail).toContain("acting acts only on behalf of a verified end user (oidc:okta)");
    expect(change?.detail).toMatch(/Dome-Act-As.*at most 10 minutes old/);
  });
});

describe("the tier", () => {
  it("bounds the length of the chain", () => {
    const chain = (depth: number) =>
      Array.from({ length: depth }, (_, i) => agent(`a${i}`, { tools: ["notes"] }));
    const standard = BUILT_IN_TIERS.get("standard");
    expect(standard?.max_chain_depth).toBe(4);
    expect(reason({ agents: chain(4) }, tool("notes"))).toBe("permitted");
    expect(evaluate(facts({ agents: chain(5) }), tool("notes"))).toMatchObject({
      reason: "tier_limit",
      detail: "The chain has 5 agents. Its strictest tier allows 4.",
    });
  });
});

describe("a scope", () => {
  const agents = [agent("bot", { tools: ["zendesk", "notes"], pools: ["premium"] })];

  test.each<[string, AccessRequest, string]>([
    ["tool:zendesk", tool("zendesk", "create_ticket"), "permitted"],
    ["tool:zendesk/create_ticket", tool("zendesk", "create_ticket"), "permitted"],
    ["tool:zendesk/create_ticket", tool("zendesk"), "scope_insufficient"],
    ["tool:zendesk", tool("notes"), "scope_insufficient"],
    ["pool:premium", pool("premium", "claude-x"), "permitted"],
    ["pool:premium", tool("premium"), "scope_insufficient"],
  ])("%s with %j: %s (P6)", (text, question, expected) => {
    expect(reason({ agents, scope: scope(text) }, question)).toBe(expected);
  });

  it("without anything in it covers nothing (P1)", () => {
    expect(reason({ agents, scope: [] }, tool("notes"))).toBe("scope_insufficient");
  });
});

describe("what a client sends beside requests in a session with an MCP server", () => {
  const upstream = {
    kind: "mcp" as const,
    url: "https://crm.example.com/mcp",
    auth: { type: "none" as const },
    forwardHeaders: [],
    domeContext: null,
    contextHeaders: [],
    redaction: { redactPaths: [], redactPatterns: [], redactUnreadable: "refuse" as const },
    maxOpenCalls: 512,
    secret: null,
  };
  const entry = { operations: ["read", ...MCP_CONNECTION], clearArguments: false, schemas: new Map() };
  const mcp: Catalog = {
    ...catalog,
    tools: new Map([
      ["crm", { ...entry, ...NOTHING_PINNED, upstream }],
      ["web", { ...entry, ...NOTHING_PINNED, upstream: { ...upstream, kind: "http" as const } }],
    ]),
  };
  const part = agent("part", { tools: ["crm/read", "web/read"] });
  const none = agent("none", { tools: ["web/read"] });

  test.each(MCP_CONNECTION)("may be sent by whoever may use a part of its tool: %s", (operation) => {
    const asked = tool("crm", operation);
    const held = { catalog: mcp, agents: [part] };
    expect(reason(held, asked)).toBe("permitted");
    expect(reason({ ...held, scope: scope("tool:crm/read") }, asked)).toBe("permitted");
    expect(reason({ ...held, scope: scope("tool:web") }, asked)).toBe("scope_insufficient");
    expect(reason({ ...held, agents: [part, none] }, asked)).toBe("surface_undeclared");
    expect(reason(held, tool("web", operation))).toBe("surface_undeclared");
  });

  test("reaches no further: a request for something is declared by itself (P1)", () => {
    const asked = tool("crm", "MCP /resources/read");
    expect(reason({ catalog: mcp, agents: [part] }, asked)).toBe("surface_undeclared");
  });
});

it("never allows what an agent of the chain has not declared, or the catalog has not, whatever else holds (P1)", () => {
  const names = ["zendesk", "notes", "ghost"];
  const surfaces = fc.record({
    tools: fc.subarray(names),
    pools: fc.subarray(names),
    integrations: fc.subarray(names),
  });
  const questions = fc.record({
    kind: fc.constantFrom("tool" as const, "pool" as const, "integration" as const),
    name: fc.constantFrom(...names),
    part: fc.constantFrom(null, "create_ticket", "x"),
  });
  fc.assert(
    fc.property(
      fc.array(surfaces, { minLength: 1, maxLength: 5 }),
      questions,
      fc.boolean(),
      (chain, asked, hasUser) => {
        const question: AccessRequest = { ...asked, action: "tool:use" };
        const agents = chain.map((surface, i) => agent(`a${i}`, surface));
        const verdict = evaluate(
          facts({ agents, user: hasUser ? { id: "usr_x", provider: "okta" } : null }),
          question,
        );
        if (verdict.decision === "deny") return;
        const member = `${question.kind}s` as const;
        expect(agents.every(({ surface }) => surface[member].includes(question.name))).toBe(true);
        expect(catalog[member].has(question.name)).toBe(true);
      },
    ),
  );
});

it("keeps the command out of the safe form, and everything else in it", () => {
  expect(safeChange(null)).toBeNull();
  expect(safeChange({ detail: "d", command: "dome …", role: "operator" })).toEqual({
    detail: "d",
    command: null,
    role: "operator",
  });
});
