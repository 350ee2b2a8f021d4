import { array, assert, constantFrom, integer, property, record, subarray } from "fast-check";
import { describe, expect, it } from "vitest";
import { PolicyEngine, type Bundles } from "../../../src/policy/engine.ts";
import { mayBeAllowed } from "../../../src/policy/listing.ts";
import { cedarContext, cedarEntities } from "../../../src/policy/cedar-request.ts";
import { policiesNaming, tooManyOpen } from "../../../src/policy/policy-index.ts";
import { actionOf, placedAgent, placedResource } from "../../../src/policy/policy-request.ts";
import type { PolicyRequest } from "../../../src/policy/policy-request.ts";
import { agent, bundles, cedar, compiled, operation, request } from "../../support/policies.ts";

const principals = constantFrom(
  "principal",
  "principal is Dome::Agent",
  `principal == Dome::Agent::"agt_1"`,
  `principal in Dome::Agent::"agt_1"`,
  `principal in Dome::Tier::"standard"`,
  `principal in Dome::Workspace::"wsp_1"`,
  `principal is Dome::Agent in Dome::Tier::"restricted"`,
  `principal is Dome::User`,
);
const actions = constantFrom(
  "action",
  `action == Dome::Action::"mcp:call"`,
  `action in [Dome::Action::"mcp:call", Dome::Action::"integration:use"]`,
  `action == Dome::Action::"llm:chat"`,
);
const resources = constantFrom(
  "resource",
  "resource is Dome::MCPTool",
  `resource == Dome::MCPTool::"zendesk/create_ticket"`,
  `resource in Dome::MCPTool::"zendesk/create_ticket"`,
  `resource in Dome::Tool::"zendesk"`,
  `resource is Dome::MCPTool in Dome::Tool::"crm"`,
  `resource == Dome::Integration::"zendesk"`,
  `resource in Dome::Pool::"zendesk"`,
);
const conditions = constantFrom(
  "",
  "when { context.time.hour > 8 }",
  "when { context.time.hour > 20 }",
  "unless { context.chain.depth > 1 }",
  "when { context.chain.agents.contains(principal) && context.time.minute == 0 }",
  `when { context.request.headers.hasTag("x") || context has actas.email }`,
  `unless { principal.hasTag("x") || principal.tier == "restricted" }`,
  "when { context.time.hour + 9223372036854775807 > 0 }",
);
const policies = array(
  record({
    effect: constantFrom("permit", "forbid"),
    principal: principals,
    action: actions,
    resource: resources,
    condition: conditions,
  }),
  { maxLength: 8 },
).map((parts) =>
  parts
    .map(
      ({ effect, principal, action, resource, condition }, index) =>
        `@id("p${index}") ${effect}(${principal}, ${action}, ${resource}) ${condition};`,
    )
    .join("\n"),
);
const SCOPES = [
  "organization",
  "workspace",
  "tier/standard",
  "tier/restricted",
  "agent/agt_1",
  "agent/agt_2",
];
const requests = record({
  ids: subarray(["agt_1", "agt_2", "agt_3"], { minLength: 1 }),
  tier: constantFrom("standard", "restricted", "trusted"),
  asked: constantFrom(
    operation("zendesk/create_ticket"),
    operation("zendesk/read_ticket"),
    operation("crm/x"),
    { kind: "integration", name: "zendesk" } as const,
    { kind: "pool", action: "llm:chat", name: "zendesk", part: "x", model: null } as const,
  ),
  hour: integer({ min: 0, max: 23 }),
}).map(({ ids, tier, asked, hour }): PolicyRequest => {
  const agents = ids.map((id) => agent(id, { tier, ancestors: id === "agt_2" ? ["agt_1"] : [] }));
  const [first = agent("agt_1"), ...rest] = agents;
  return request({ agents: [first, ...rest], asked, now: Date.UTC(2026, 10, 26, hour) });
});

/** What all policies of the applying bundles decide together, without an index and without a slice. */
function unsliced(asked: PolicyRequest, rules: Bundles): "allow" | "deny" {
  const decisions = asked.agents.map((each) => {
    const { tier, id } = each;
    const applying = [rules.organization, rules.workspace, rules.tier(tier), rules.agent(id)];
    const texts = applying.flatMap((bundle, scope) =>
      (bundle?.compiled.policies ?? []).map((policy) => [`${scope}-${policy.id}`, policy.text] as const),
    );
    const baseline = rules.tier(tier) === null ? { baseline: "permit(principal, action, resource);" } : {};
    cedar.keep("unsliced", { ...Object.fromEntries(texts), ...baseline });
    const answer = cedar.authorize({
      principal: { ...placedAgent(asked.workspace, each).self },
      action: { type: "Dome::Action", id: actionOf(asked.asked) },
      resource: { ...placedResource(asked.workspace, asked.asked).self },
      context: cedarContext(asked, null, [[]]),
      entities: cedarEntities(asked, [[]]),
      preparsedPolicySetId: "unsliced",
    });
    if (answer.type === "failure") throw new Error(JSON.stringify(answer.errors));
    const { decision, diagnostics } = answer.response;
    return diagnostics.errors.length > 0 ? "deny" : decision;
  });
  return decisions.includes("deny") ? "deny" : "allow";
}

const given = array(policies, { minLength: SCOPES.length, maxLength: SCOPES.length }).chain((texts) =>
  subarray([...SCOPES.keys()]).map((kept) =>
    bundles(Object.fromEntries(kept.map((at) => [SCOPES[at] ?? "", texts[at] ?? ""]))),
  ),
);

describe("a slice", () => {
  it("decides as all policies together do, whatever their heads, the chain and the request", () => {
    const engine = new PolicyEngine(cedar, 3);
    assert(
      property(given, requests, (rules, asked) => {
        expect(engine.decide(asked, rules).decision).toBe(unsliced(asked, rules));
      }),
      { numRuns: 100 },
    );
  });

  it("hides nothing from a list that a call could be allowed for", () => {
    const engine = new PolicyEngine(cedar);
    assert(
      property(given, requests, (rules, asked) => {
        const isAllowed = engine.decide(asked, rules).decision === "allow";
        expect(isAllowed && !mayBeAllowed(asked, rules)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a list of what an agent may see", () => {
  const shows = (texts: Readonly<Record<string, string>>, reference: string): boolean =>
    mayBeAllowed(request({ asked: operation(reference) }), bundles(texts));

  it("hides what a forbid without conditions matches, and what no permit can", () => {
    const never = { workspace: `@id("a") forbid(principal, action, resource in Dome::Tool::"zendesk");` };
    expect([shows(never, "zendesk/create_ticket"), shows(never, "zendesk"), shows(never, "crm/x")]).toEqual([
      false,
      false,
      true,
    ]);
    const only = { "tier/standard": `@id("a") permit(principal, action, resource in Dome::Tool::"crm");` };
    expect([shows(only, "zendesk/create_ticket"), shows(only, "crm/x")]).toEqual([false, true]);
  });

  it("shows what a condition decides, because a list has no arguments, no user and no time", () => {
    const some = {
      workspace: `@id("a") forbid(principal, action, resource) when { context.time.hour > 0 };`,
    };
    expect(shows(some, "zendesk/create_ticket")).toBe(true);
    const part = {
      workspace: `@id("a") forbid(principal, action, resource == Dome::MCPTool::"zendesk/create_ticket");`,
    };
    expect([shows(part, "zendesk"), shows(part, "zendesk/create_ticket")]).toEqual([true, false]);
  });
});

describe("open heads", () => {
  const many = (count: number, head: string) =>
    compiled(Array.from({ length: count }, (_, index) => `@id("p${index}") forbid(${head});`).join("\n"));

  it("are at most 50 in one slice, counted over the scopes that meet and by action", () => {
    const open = many(30, `principal, action, resource is Dome::MCPTool`);
    const mcp = many(21, `principal in Dome::Tier::"x", action == Dome::Action::"mcp:call", resource`);
    const http = many(21, `principal, action == Dome::Action::"http:call", resource`);
    expect(tooManyOpen([open, http])?.action).toBe("http:call");
    expect(tooManyOpen([open, mcp, http])?.policies).toHaveLength(51);
    expect(tooManyOpen([open, many(20, "principal, action, resource")])).toBeNull();
  });

  it("are counted for each agent that heads name", () => {
    const each = (id: string) => many(51, `principal == Dome::Agent::"${id}", action, resource`);
    expect(tooManyOpen([each("agt_1")])?.policies).toHaveLength(51);
    expect(tooManyOpen([many(50, `principal == Dome::Agent::"agt_1", action, resource`)])).toBeNull();
  });

  it("are not those that name a resource", () => {
    expect(tooManyOpen([many(200, `principal, action, resource in Dome::Tool::"crm"`)])).toBeNull();
  });
});

it("finds the policies that name an operation, because a changed definition has to be held against them", () => {
  const bundle =
    compiled(`@id("a") forbid(principal, action, resource == Dome::MCPTool::"zendesk/create_ticket");
    @id("b") forbid(principal, action, resource in Dome::Tool::"zendesk");
    @id("c") forbid(principal, action, resource) unless { resource == Dome::MCPTool::"zendesk/create_ticket" };`);
  const named = policiesNaming(bundle, { type: "Dome::MCPTool", id: "zendesk/create_ticket" });
  expect(named.map(({ id }) => id)).toEqual(["a", "c"]);
});
