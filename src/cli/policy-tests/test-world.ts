/** The world of a file with tests, as the engine knows agents, and as names in policies are held against it. */
import { toHex, utf8 } from "../../kernel/bytes.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import type { PolicyAgent, PolicyAsked } from "../../policy/policy-request.ts";
import type { PolicyWorld } from "../../policy/policy-world.ts";
import type { PolicyScopeKind } from "../../contract/policy.ts";
import { parseReference } from "../../contract/resource.ts";
import type { TestCase, TestFile, TestWorld } from "./test-file.ts";

const DEFAULT_TIER = "standard";
const OWNER = "owner@example.com";
/** Tiers that every installation begins with, and how far it trusts them at first. */
const BUILT_IN_TRUST: Readonly<Record<string, number>> = { restricted: 25, standard: 50, trusted: 75 };
const BUILT_IN_TIERS = Object.keys(BUILT_IN_TRUST);

/** An id for what the file gives none. No policy can name it, because it is nobody's. */
const madeId = (prefix: "agt" | "wsp", name: string): string =>
  `${prefix}_0${toHex(sha256Sync(utf8(name))).slice(0, 25)}`;

export const workspaceIdOf = ({ workspace }: TestWorld): string => workspace ?? madeId("wsp", "workspace");
export const agentIdOf = ({ agents }: TestWorld, name: string): string =>
  agents[name]?.id ?? madeId("agt", name);

/** As a decision reads an agent: of those above it, it knows the parent. */
export function policyAgent(world: TestWorld, name: string): PolicyAgent {
  const {
    tier = DEFAULT_TIER,
    trust = BUILT_IN_TRUST[tier] ?? BUILT_IN_TRUST[DEFAULT_TIER] ?? 0,
    owner = OWNER,
    steward = owner,
    labels = {},
    parent,
  } = world.agents[name] ?? {};
  return {
    id: agentIdOf(world, name),
    name,
    owner,
    steward,
    tier,
    trust,
    labels,
    ancestors: parent === undefined ? [] : [agentIdOf(world, parent)],
  };
}

/** What the policies of a scope may name. Those of the organization and of tiers hold in many workspaces. */
export function policyWorldOf({ world, policies }: TestFile, scope: PolicyScopeKind): PolicyWorld {
  const tiers = new Set([
    ...(world.tiers ?? BUILT_IN_TIERS),
    ...Object.keys(policies.tiers ?? {}),
    ...Object.values(world.agents).flatMap((agent) => agent?.tier ?? []),
  ]);
  if (scope === "organization" || scope === "tier")
    return { tiers, tools: null, pools: null, integrations: null, workspaces: null, agents: null };
  const ids = new Set(Object.values(world.agents).flatMap((agent) => agent?.id ?? []));
  return {
    tiers,
    tools: world.tools === undefined ? null : new Map(Object.entries(world.tools).map(knownTool)),
    pools: world.pools === undefined ? null : new Map(Object.entries(world.pools).map(knownPool)),
    integrations: world.integrations === undefined ? null : new Set(world.integrations),
    workspaces: world.workspace === undefined ? null : new Set([world.workspace]),
    agents: { has: (id) => ids.has(id), idOf: (name) => world.agents[name]?.id ?? null },
  };
}

type Entry<T extends "tools" | "pools"> = [string, NonNullable<TestWorld[T]>[string]];

function knownTool([name, entry]: Entry<"tools">) {
  const operations = entry?.operations;
  const schemas = Object.entries(operations ?? {}).flatMap(([operation, described]) =>
    described?.arguments === undefined ? [] : [[operation, described.arguments] as const],
  );
  return [
    name,
    {
      kind: entry?.kind ?? ("local" as const),
      operations: operations === undefined ? null : Object.keys(operations),
      schemas: new Map(schemas),
    },
  ] as const;
}

const knownPool = ([name, entry]: Entry<"pools">) =>
  [name, { models: entry?.models === undefined ? null : Object.keys(entry.models) }] as const;

/** What a case asks for. The file was checked: it has one of these, and the world has it. */
export function askedOf(
  world: TestWorld,
  { tool, model, integration, delegate_to, action }: TestCase,
): PolicyAsked {
  if (tool !== undefined) {
    const { name, part } = parseReference("tool", tool) ?? { name: tool, part: null };
    const entry = world.tools?.[name];
    const readOnly = part !== null && entry?.operations?.[part]?.read_only === true;
    return { kind: "tool", tool: entry?.kind ?? "local", name, part, readOnly };
  }
  if (model !== undefined) {
    const { name, part } = parseReference("pool", model) ?? { name: model, part: null };
    const facts = part === null ? null : world.pools?.[name]?.models?.[part];
    return {
      kind: "pool",
      action: action ?? "llm:chat",
      name,
      part,
      model:
        facts == null
          ? null
          : {
              provider: facts.provider,
              region: facts.region ?? null,
              priceTier: facts.price_tier ?? null,
              serviceTier: facts.service_tier ?? null,
            },
    };
  }
  if (integration !== undefined) return { kind: "integration", name: integration };
  return { kind: "agent", agent: policyAgent(world, delegate_to ?? "") };
}
