/** Bundles and requests for tests of policy. */
import type { Bundles } from "../../src/policy/engine.ts";
import type { PolicyAgent, PolicyAsked, PolicyRequest } from "../../src/policy/policy-request.ts";
import { readBundle } from "../../src/policy/read-bundle.ts";
import type { ActiveBundle, CompiledBundle, PolicyScope } from "../../src/policy/shape.ts";
import { bundleDigest } from "../../src/policy/bundle-digest.ts";
import { testCedar } from "./cedar-module.ts";

export const cedar = testCedar();

/** @throws Error when the text cannot be read. */
export function compiled(text: string): CompiledBundle {
  const read = readBundle(cedar, text);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
}

export const active = (scope: PolicyScope, text: string, version = 1): ActiveBundle => ({
  scope,
  version,
  digest: bundleDigest(text),
  compiled: compiled(text),
});

/** The texts of bundles by scope: `organization`, `workspace`, `tier/NAME`, `agent/ID`. */
export function bundles(texts: Readonly<Record<string, string>>): Bundles {
  const of = (name: string, scope: PolicyScope): ActiveBundle | null => {
    const text = texts[name];
    return text === undefined ? null : active(scope, text);
  };
  const organization = of("organization", { kind: "organization" });
  const workspace = of("workspace", { kind: "workspace", id: "wsp_1" });
  const tiers = new Map<string, ActiveBundle | null>();
  const agents = new Map<string, ActiveBundle | null>();
  for (const name of Object.keys(texts)) {
    const [kind, id = ""] = name.split("/");
    if (kind === "tier") tiers.set(id, of(name, { kind: "tier", name: id }));
    if (kind === "agent") agents.set(id, of(name, { kind: "agent", id }));
  }
  return {
    organization,
    workspace,
    tier: (name) => tiers.get(name) ?? null,
    agent: (id) => agents.get(id) ?? null,
  };
}

export const agent = (id: string, given: Partial<PolicyAgent> = {}): PolicyAgent => ({
  id,
  name: `name-of-${id}`,
  owner: "ada@example.com",
  steward: "ada@example.com",
  tier: "standard",
  trust: 50,
  labels: {},
  ancestors: [],
  ...given,
});

export const operation = (reference: string, readOnly = false): PolicyAsked => {
  const [name = "", part = null] = reference.split("/");
  return { kind: "tool", tool: "mcp", name, part, readOnly };
};

/** A call of `zendesk/create_ticket` by the agent `agt_1`, on a Thursday at 09:30 UTC. */
export const request = (given: Partial<PolicyRequest> = {}): PolicyRequest => ({
  workspace: "wsp_1",
  agents: [agent("agt_1")],
  asked: operation("zendesk/create_ticket"),
  args: undefined,
  argumentSchema: null,
  actas: null,
  request: {},
  headers: {},
  now: Date.UTC(2026, 10, 26, 9, 30),
  ...given,
});
