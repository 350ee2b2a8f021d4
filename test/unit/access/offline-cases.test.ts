/**
 * Tests of policies are decided as calls are: what `dome policy test` says of a case is what the Worker's own evaluation says
 * of the same call. Where the two could differ, a policy would pass its tests and decide otherwise in force.
 */
import { expect, test } from "vitest";
import { evaluate, type AccessRequest, type Facts } from "../../../src/access/evaluate.ts";
import { parseAccessRequest } from "../../../src/access/access-request.ts";
import { decideCase } from "../../../src/cli/policy-tests/decide-case.ts";
import type { TestCase, TestWorld } from "../../../src/cli/policy-tests/test-file.ts";
import { agentIdOf, workspaceIdOf } from "../../../src/cli/policy-tests/test-world.ts";
import { SURFACE } from "../../../src/contract/scope.ts";
import { defined } from "../../../src/kernel/defined.ts";
import type { AgentId, WorkspaceId } from "../../../src/kernel/ids.ts";
import { PolicyEngine, type Bundles } from "../../../src/policy/engine.ts";
import type { RegisteredAgent } from "../../../src/registry/agents.ts";
import type { Catalog, CatalogTool } from "../../../src/registry/catalog.ts";
import type { Upstream } from "../../../src/registry/upstream.ts";
import { limitsOf } from "../../../src/tiers/limits.ts";
import { BUILT_IN_TIERS } from "../../support/built-in-tiers.ts";
import { testCedar } from "../../support/cedar-module.ts";
import { readWorked, WORKED, workedFile } from "../../support/worked-policies.ts";

const NOON = Date.UTC(2026, 0, 5, 12);
const engine = new PolicyEngine(testCedar());

/** An agent that has declared everything that its world has. */
function registered(world: TestWorld, name: string): RegisteredAgent {
  const {
    tier = "standard",
    owner = "owner@example.com",
    steward = owner,
    labels = {},
    parent,
  } = world.agents[name] ?? {};
  return {
    id: agentIdOf(world, name) as AgentId,
    workspaceId: workspaceIdOf(world) as WorkspaceId,
    workspaceName: "default",
    parentId: parent === undefined ? null : (agentIdOf(world, parent) as AgentId),
    surface: {
      tools: Object.keys(world.tools ?? {}),
      pools: Object.keys(world.pools ?? {}),
      integrations: world.integrations ?? [],
    },
    items: [],
    requireActas: null,
    name,
    tier,
    owner,
    steward,
    labels,
  } satisfies Partial<RegisteredAgent> as unknown as RegisteredAgent;
}

const catalogOf = (world: TestWorld): Catalog => ({
  tools: new Map(
    Object.entries(world.tools ?? {}).map(([name, entry]) => {
      const operations = Object.entries(entry?.operations ?? {});
      const kind = entry?.kind ?? "local";
      return [
        name,
        {
          operations: entry?.operations === undefined ? null : operations.map(([operation]) => operation),
          schemas: new Map(
            operations.flatMap(([operation, said]) =>
              said?.arguments === undefined ? [] : [[operation, said.arguments]],
            ),
          ),
          readOnly: new Set(
            operations.flatMap(([operation, said]) => (said?.read_only === true ? [operation] : [])),
          ),
          pinned: new Map(),
          requests: new Map(),
          quarantined: new Map(),
          upstream: kind === "local" ? null : ({ kind, auth: { type: "none" } } as Upstream),
        } satisfies Partial<CatalogTool> as unknown as CatalogTool,
      ];
    }),
  ),
  pools: new Map(
    Object.entries(world.pools ?? {}).map(([name, entry]) => [
      name,
      { models: entry?.models === undefined ? null : Object.keys(entry.models) },
    ]),
  ),
  integrations: new Set(world.integrations),
});

function factsOf(world: TestWorld, bundles: Bundles, each: TestCase): Facts {
  const { actas, request: { headers = {}, ...request } = {}, time } = each;
  const others = each.on_behalf_of ?? [];
  const agents = [registered(world, each.agent), ...others.map((name) => registered(world, name))] as const;
  return {
    agents,
    scope: SURFACE,
    user:
      actas === undefined ? null : { id: actas.user ?? `usr_${"0".repeat(26)}`, provider: actas.provider },
    catalog: catalogOf(world),
    limits: limitsOf(BUILT_IN_TIERS, agents),
    args: each.arguments,
    headers: null,
    argumentFault: null,
    policies: { engine, bundles, shadow: null, tiers: BUILT_IN_TIERS },
    circumstances: {
      user: actas === undefined ? null : defined({ email: actas.email, groups: actas.groups }),
      request: defined(request),
      headers,
      now: time === undefined ? NOON : Date.parse(time),
    },
  };
}

function askedOf({ tool, model, integration, action }: TestCase): AccessRequest | null {
  const body = action === undefined ? { model } : { action: action as "llm:chat", resource: model };
  const asked = parseAccessRequest(defined(model === undefined ? { tool, integration } : body));
  return asked.ok ? asked.value : null;
}

/** The Worker decides on these once the broker knows models, and once delegation asks policies. */
const isOfBroker = (
  world: TestWorld,
  { model = "", action = "llm:chat", delegate_to: other }: TestCase,
): boolean => {
  const [pool = "", name = ""] = model.split("/");
  return (
    other !== undefined ||
    !["llm:chat", "llm:embed"].includes(action) ||
    world.pools?.[pool]?.models?.[name] != null
  );
};

/** What no worked policy has: every kind of tool, names at every scope, and every circumstance. */
const REST = `policies:
  organization: organization
  agents: { worker: worker }
world:
  agents:
    top: { labels: { team: red } }
    lead: { parent: top, steward: bea@example.com }
    worker: { parent: lead, tier: trusted, owner: ada@example.com, labels: { team: blue } }
  tools:
    search: { kind: mcp, operations: { find: { read_only: true }, drop: } }
    crm: { kind: http, operations: { "GET /tickets/{id}": } }
cases:
  - { name: "a label", agent: top, tool: search/drop, decision: deny, policies: [red-drops-nothing] }
  - { name: "another label", agent: worker, tool: search/drop, decision: allow }
  - { name: "a read", agent: top, tool: search/find, decision: allow }
  - { name: "a whole tool", agent: top, tool: search, decision: deny }
  - { name: "a path", agent: worker, tool: "crm/GET /tickets/{id}", decision: deny, policies: [agent:worker/no-tickets] }
  - { name: "an address", agent: lead, tool: search/find, request: { ip: 10.1.2.3 }, decision: deny }
  - { name: "an address elsewhere", agent: lead, tool: search/find, request: { ip: "2001:db8::1" }, decision: allow }
  - { name: "a header", agent: lead, tool: search/find, request: { headers: { x-tenant: acme } }, decision: deny }
  - { name: "a method", agent: lead, tool: search/find, request: { method: DELETE }, decision: deny }
  - { name: "a program", agent: lead, tool: search/find, request: { user_agent: "curl/8" }, decision: deny }
  - { name: "a steward, below", agent: worker, on_behalf_of: lead, tool: search/find, decision: deny }
  - { name: "an ancestor above the parent", agent: worker, tool: search/find, request: { country: CH }, decision: allow }
  - { name: "a parent", agent: lead, tool: search/find, request: { country: CH }, decision: deny }
  - { name: "a user", agent: lead, tool: search/find, actas: { provider: okta, user: usr_1 }, decision: deny }
`;
const TOP = "agt_01k9v3m8q2x7n5r4t6w0y1z2a3";
const REST_POLICIES: Readonly<Record<string, string>> = {
  organization: `
    @id("red-drops-nothing") forbid (principal, action, resource)
      when { principal.hasTag("team") && principal.getTag("team") == "red" && resource has read_only && !resource.read_only };
    @id("inside") forbid (principal, action == Dome::Action::"mcp:call", resource)
      when { context.request has ip && context.request.ip.isInRange(ip("10.0.0.0/8")) };
    @id("tenant") forbid (principal, action, resource)
      when { context.request.headers.hasTag("x-tenant") && context.request.headers.getTag("x-tenant") == "acme" };
    @id("method") forbid (principal, action, resource)
      when { context.request has method && context.request.method == "DELETE" };
    @id("program") forbid (principal, action, resource)
      when { context.request has user_agent && context.request.user_agent like "curl/*" };
    @id("steward") forbid (principal, action, resource)
      when { principal.steward == "bea@example.com" && context.chain.depth > 1 && context.chain.origin == principal };
    @id("above") forbid (principal in Dome::Agent::"${TOP}", action, resource)
      when { context.request has country && context.request.country == "CH" };
    @id("user") forbid (principal, action, resource)
      when { context has actas && context.actas.user == Dome::User::"usr_1" };`,
  worker: `@id("no-tickets") forbid (principal, action == Dome::Action::"http:call", resource)
      when { resource has path && resource has method && resource.path == "/tickets/{id}" && resource.method == "GET" };`,
};

const worked = await Promise.all(
  WORKED.map(async (name) => [name, await readWorked(workedFile(`${name}.test.yaml`))] as const),
);
const rest = await readWorked(
  REST.replace("top: {", `top: { id: ${TOP},`),
  (file) => REST_POLICIES[file] ?? "",
);
const cases = [...worked, ["every circumstance", rest] as const].flatMap(
  ([file, { tests, bundles, loaded }]) =>
    tests.cases.map((each) => ({ file, name: each.name, each, world: tests.world, bundles, loaded })),
);

test.each(cases.filter(({ each, world }) => !isOfBroker(world, each)))(
  "$file: $name: is decided offline as the Worker decides it",
  ({ each, world, bundles, loaded }) => {
    const asked = askedOf(each);
    if (asked === null) throw new Error("the case asks for nothing that the Worker knows");
    const offline = decideCase(engine, bundles, world, each);
    const scopeNames = new Map(
      loaded.map(({ bundle: { scope } }) => [
        scope,
        scope.kind === "tier"
          ? `tier:${scope.name}`
          : scope.kind === "agent"
            ? `agent:${scope.id}`
            : scope.kind,
      ]),
    );
    const policies = offline.policies.map(({ id, scope }) =>
      scope === null ? id : `${scopeNames.get(scope)}/${id}`,
    );
    const { decision, reason, policies: named } = evaluate(factsOf(world, bundles, each), asked);
    expect({ decision, reason, policies: named }).toEqual({
      decision: offline.decision,
      reason: offline.reason,
      policies,
    });
    expect(decision).toBe(each.decision);
  },
);

test("most cases are among these: what is left out waits for the broker", () => {
  const left = cases.filter(({ each, world }) => isOfBroker(world, each)).map(({ file }) => file);
  expect([...new Set(left)]).toEqual(["no-hosted-tools", "region"]);
});
