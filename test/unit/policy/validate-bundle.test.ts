import { describe, expect, it } from "vitest";
import { ok } from "../../../src/kernel/result.ts";
import { bundleDigest } from "../../../src/policy/bundle-digest.ts";
import type { PolicyWorld } from "../../../src/policy/policy-world.ts";
import { readBundle } from "../../../src/policy/read-bundle.ts";
import { validateBundle } from "../../../src/policy/validate-bundle.ts";
import { cedar } from "../../support/policies.ts";

const ticket = {
  type: "object",
  properties: {
    amount: { type: "number" },
    subject: { type: "string" },
    owner: { anyOf: [{ type: "string" }, { type: "integer" }] },
  },
  required: ["amount"],
};
const WORLD: PolicyWorld = {
  tools: new Map([
    [
      "zendesk",
      {
        kind: "mcp",
        operations: ["create_ticket", "read_ticket"],
        schemas: new Map([["create_ticket", ticket]]),
      },
    ],
    ["crm", { kind: "http", operations: null, schemas: new Map() }],
  ]),
  pools: new Map([["premium", { models: ["claude-x"] }]]),
  integrations: new Set(["salesforce"]),
  tiers: new Set(["restricted", "standard"]),
  workspaces: new Set(["wsp_1"]),
  agents: { has: (id) => id === "agt_1", idOf: (name) => (name === "support-bot" ? "agt_1" : null) },
};
const OFFLINE: PolicyWorld = {
  tools: null,
  pools: null,
  integrations: null,
  tiers: null,
  workspaces: null,
  agents: null,
};
const check = (text: string, world: PolicyWorld) => {
  const read = readBundle(cedar, text);
  if (!read.ok) return read;
  const checked = validateBundle(cedar, read.value, world);
  return checked.ok
    ? ok({ compiled: read.value, digest: bundleDigest(text), notes: checked.value })
    : checked;
};
const valid = (text: string) => {
  const checked = check(text, WORLD);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return checked.value;
};
const faults = (text: string, world = WORLD) => {
  const checked = check(text, world);
  return checked.ok ? [] : checked.error;
};
const policy = (head: string, condition = "true", id = "a"): string =>
  `@id("${id}") forbid(${head}) when { ${condition} };`;
const OPEN = "principal, action, resource";
const TICKET = `principal, action, resource == Dome::MCPTool::"zendesk/create_ticket"`;

describe("a valid bundle", () => {
  it("is compiled, with its content address", () => {
    const amount = `context.arguments.amount.greaterThan(decimal("10.0"))`;
    const text = `${policy(TICKET, amount)}\n${policy(OPEN, "context.time.hour > 17", "b")}`;
    expect(valid(text).compiled).toMatchObject({ format: 1, policies: [{ id: "a" }, { id: "b" }] });
    expect(valid(text).digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it("says which arguments no policy can read, because Cedar has no type for them", () => {
    expect(valid(policy(TICKET, `context.arguments has subject`)).notes).toEqual([
      {
        line: 1,
        column: 1,
        policy: "a",
        message: "No policy can read /owner of zendesk/create_ticket: it may be one of several types.",
        hint: null,
      },
    ]);
  });

  it("is JSON, because storage keeps it", () => {
    const { compiled } = valid(policy(TICKET));
    expect(JSON.parse(JSON.stringify(compiled))).toEqual(compiled);
  });
});

describe("what a policy names", () => {
  it.each([
    [
      "a tool",
      `resource in Dome::Tool::"zendsk"`,
      `There is no tool "zendsk".`,
      `Is Dome::Tool::"zendesk" meant?`,
    ],
    [
      "an operation",
      `resource == Dome::MCPTool::"zendesk/create_tickets"`,
      `The tool zendesk has no operation "create_tickets".`,
      `Is Dome::MCPTool::"zendesk/create_ticket" meant?`,
    ],
    [
      "an operation of the right kind",
      `resource == Dome::LocalTool::"zendesk/create_ticket"`,
      "The tool zendesk is of the kind mcp, and Dome::LocalTool is for another.",
      `Write Dome::MCPTool::"zendesk/create_ticket".`,
    ],
    [
      "an operation, and not its tool",
      `resource == Dome::MCPTool::"zendesk"`,
      `Dome::MCPTool::"zendesk" names no operation.`,
      `For all of its operations: resource in Dome::Tool::"zendesk".`,
    ],
    [
      "a model",
      `resource == Dome::LLMModel::"premium/claude-y"`,
      `The pool premium has no model "claude-y".`,
      `Is Dome::LLMModel::"premium/claude-x" meant?`,
    ],
    [
      "a pool",
      `resource in Dome::Pool::"premum"`,
      `There is no pool "premum".`,
      `Is Dome::Pool::"premium" meant?`,
    ],
    [
      "an integration",
      `resource == Dome::Integration::"salesfroce"`,
      `There is no integration "salesfroce".`,
      `Is Dome::Integration::"salesforce" meant?`,
    ],
  ])("is %s that the catalog has", (_what, resource, message, hint) => {
    expect(faults(`\n${policy(`principal, action, ${resource}`)}`)).toMatchObject([
      {
        line: 2,
        column: `@id("a") forbid(principal, action, `.length + resource.indexOf("Dome") + 1,
        message,
        hint,
      },
    ]);
  });

  it.each([
    [`principal in Dome::Tier::"restrictd"`, `Is Dome::Tier::"restricted" meant?`],
    [`principal in Dome::Workspace::"support"`, "Workspaces are named by id: dome workspaces list."],
    [
      `principal == Dome::Agent::"support-bot"`,
      `Agents are named by id: Dome::Agent::"agt_1" is support-bot.`,
    ],
  ])("is an agent, tier or workspace that there is: %s", (principal, hint) => {
    expect(faults(policy(`${principal}, action, resource`))).toMatchObject([{ hint }]);
  });

  it("is checked in conditions as well", () => {
    expect(faults(policy(OPEN, `context.chain.agents.contains(Dome::Agent::"agt_2")`))).toMatchObject([
      { message: 'There is no agent with the id "agt_2".' },
    ]);
  });

  it("is not checked where it is not known, as offline", () => {
    const text = policy(`principal == Dome::Agent::"agt_9", action, resource in Dome::Tool::"nothing"`);
    expect(faults(text, OFFLINE)).toEqual([]);
  });
});

describe("what Cedar refuses of a policy", () => {
  it.each([
    [
      "an unknown type",
      "principal, action, resource is Dome::MCPTol",
      "true",
      "Unrecognized entity type `Dome::MCPTol`.",
    ],
    [
      "an unknown attribute",
      OPEN,
      `principal.nam == "x"`,
      "Attribute `nam` on entity type `Dome::Agent` not found.",
    ],
    [
      "a member that may be missing, and is not tested for",
      OPEN,
      `context.actas.provider == "okta"`,
      "Unable to guarantee safety of access to optional attribute `actas`",
    ],
    [
      "a number compared with a decimal",
      TICKET,
      "context.arguments.amount > 3",
      "Unexpected type: expected Long but saw decimal.",
    ],
    [
      "a policy that can never apply",
      `principal, action == Dome::Action::"http:call", resource in Dome::Pool::"premium"`,
      "true",
      "Unable to find an applicable action given the policy scope constraints.",
    ],
  ])("is %s, with its place", (_what, head, condition, message) => {
    const said = faults(`\n\n${policy(head, condition)}`);
    expect(said[0]).toMatchObject({ line: 3, policy: "a" });
    expect(said[0]?.message).toContain(message);
  });

  it("comes with Cedar's suggestion", () => {
    expect(faults(policy(OPEN, `principal.nam == "x"`))).toMatchObject([{ hint: "Did you mean `name`?" }]);
  });

  it("is said for all policies, in the order of the file, and at most 50 times", () => {
    const broken = Array.from({ length: 60 }, (_, index) => policy(OPEN, "principal.x", `p${index}`));
    const said = faults(broken.join("\n"));
    expect(said).toHaveLength(50);
    expect(said.map(({ line }) => line)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });
});

describe("a policy that reads arguments", () => {
  const amount = `context.arguments.amount.greaterThan(decimal("10.0"))`;

  it("names one operation in its head, because their types are that operation's", () => {
    for (const head of [OPEN, `principal, action, resource in Dome::Tool::"zendesk"`]) {
      expect(faults(policy(head, amount))).toMatchObject([
        {
          message: "The policy reads context.arguments, and its head names no single operation.",
          hint: 'Name it in the head: resource == Dome::MCPTool::"zendesk/create_ticket".',
        },
      ]);
    }
  });

  it("needs a schema of them, which bundles of more than one workspace do not have", () => {
    const reading = `principal, action, resource == Dome::MCPTool::"zendesk/read_ticket"`;
    expect(faults(policy(reading, amount))).toMatchObject([
      { message: "The policy reads the arguments of zendesk/read_ticket, and nothing says what they are." },
    ]);
    expect(faults(policy(TICKET, amount), OFFLINE)[0]?.hint).toContain(
      "Push policies that read arguments to the workspace",
    );
  });

  it("is told why it cannot read one that Cedar has no type for", () => {
    expect(
      faults(policy(TICKET, `context.arguments has owner && context.arguments.owner == "x"`)),
    ).toMatchObject([{ hint: "In the schema of its arguments, /owner may be one of several types." }]);
  });

  it("reads members of the context, and not the context as a whole", () => {
    expect(faults(policy(TICKET, `{c: context}.c.arguments.subject == "x"`))).toMatchObject([
      { message: "The policy reads the context as a whole." },
    ]);
  });
});
