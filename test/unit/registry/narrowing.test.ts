import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Surface } from "../../../src/contract/agent.ts";
import type { AgentSettings } from "../../../src/registry/agent-settings.ts";
import { isWithin, wideningMembers } from "../../../src/registry/narrowing.ts";

const AGENT: AgentSettings = {
  contact: null,
  tier: "standard",
  description: null,
  labels: {},
  parentId: null,
  surface: { tools: ["zendesk", "jira/read"], pools: ["premium"], integrations: ["salesforce"] },
  requireActas: "oidc",
  delegatesTo: ["helper"],
  expiresAt: 1_000,
  freshness: "leased",
};
const PARENT = "agt_00000000000000000000000001";

const widens = (change: Partial<AgentSettings>, before: Partial<AgentSettings> = {}): readonly string[] =>
  wideningMembers({ ...AGENT, ...before }, change);

const surface = (tools: string[], pools: string[] = [], integrations: string[] = []): Surface => ({
  tools,
  pools,
  integrations,
});

describe("a change that only narrows an agent", () => {
  it.each<[string, Partial<AgentSettings>]>([
    ["nothing", {}],
    ["what it says of itself", { contact: "a@example.com", description: "x", labels: { team: "b" } }],
    ["its own tier", { tier: "standard" }],
    ["an empty surface", { surface: surface([]) }],
    ["one operation of a declared tool", { surface: surface(["zendesk/create_ticket", "jira/read"]) }],
    ["no delegates", { delegatesTo: [] }],
    ["an earlier end", { expiresAt: 999 }],
    ["one provider instead of any", { requireActas: "oidc:okta" }],
    ["asking on every call", { freshness: "always" }],
  ])("is %s", (_what, change) => {
    expect(widens(change)).toEqual([]);
  });

  it("is an end, act-as or a parent's keeping where there was none", () => {
    expect(widens({ expiresAt: 5 }, { expiresAt: null })).toEqual([]);
    expect(widens({ requireActas: "oidc:okta" }, { requireActas: null })).toEqual([]);
    expect(widens({ parentId: PARENT }, { parentId: PARENT })).toEqual([]);
  });
});

describe("a change that widens an agent", () => {
  it.each<[keyof AgentSettings, string, Partial<AgentSettings>, Partial<AgentSettings>?]>([
    ["surface", "another tool", { surface: surface(["zendesk", "slack"]) }],
    ["surface", "another operation", { surface: surface(["jira/write"]) }],
    ["surface", "the whole tool instead of one operation", { surface: surface(["jira"]) }],
    ["surface", "a tool whose name begins alike", { surface: surface(["zendesk-admin"]) }],
    ["surface", "another pool", { surface: surface([], ["cheap"]) }],
    ["surface", "another integration", { surface: surface([], [], ["workday"]) }],
    ["tier", "another tier, even a stricter one", { tier: "restricted" }],
    ["delegatesTo", "another delegate", { delegatesTo: ["helper", "eve"] }],
    ["expiresAt", "a later end", { expiresAt: 1_001 }],
    ["expiresAt", "no end", { expiresAt: null }],
    ["requireActas", "no act-as", { requireActas: null }],
    ["requireActas", "any provider instead of one", { requireActas: "oidc" }, { requireActas: "oidc:okta" }],
    ["requireActas", "another provider", { requireActas: "oidc:entra" }, { requireActas: "oidc:okta" }],
    ["freshness", "leases instead of asking", { freshness: "leased" }, { freshness: "always" }],
    ["freshness", "what the tier says instead of asking", { freshness: null }, { freshness: "always" }],
    ["parentId", "a parent", { parentId: PARENT }],
    ["parentId", "no parent", { parentId: null }, { parentId: PARENT }],
  ])("%s: %s", (member, _what, change, before = {}) => {
    expect(widens(change, before)).toEqual([member]);
  });

  it("names every member, whatever else in it is harmless", () => {
    const change = { description: "x", tier: "trusted", surface: surface(["slack"]), delegatesTo: [] };
    expect(widens(change)).toEqual(["tier", "surface"]);
  });
});

const tool = fc.constantFrom("a", "a/x", "a/y", "ab", "ab/x", "b");
const few = (item: fc.Arbitrary<string>) => fc.uniqueArray(item, { maxLength: 4 });
const anySurface: fc.Arbitrary<Surface> = fc.record({
  tools: few(tool),
  pools: few(fc.constantFrom("p", "q")),
  integrations: few(fc.constantFrom("i", "j")),
});
const anySettings: fc.Arbitrary<AgentSettings> = fc.record({
  contact: fc.constantFrom(null, "x"),
  tier: fc.constantFrom("restricted", "standard", "trusted"),
  description: fc.constantFrom(null, "x"),
  labels: fc.constantFrom({}, { team: "x" }),
  parentId: fc.constantFrom(null, PARENT),
  surface: anySurface,
  requireActas: fc.constantFrom(null, "oidc", "oidc:a", "oidc:b"),
  delegatesTo: few(fc.constantFrom("m", "n")),
  expiresAt: fc.constantFrom(null, 1, 2, 3),
  freshness: fc.constantFrom(null, "leased", "always"),
});

/** Every call that somebody with this surface could make; a bare tool has operations that nobody has named yet. */
const allowed = ({ tools, pools, integrations }: Surface): Set<string> =>
  new Set([
    ...["a", "ab", "b"].flatMap((name) =>
      tools.includes(name) ? [`${name}/x`, `${name}/y`, `${name}/?`] : [],
    ),
    ...tools.filter((each) => each.includes("/")),
    ...pools.map((pool) => `pool ${pool}`),
    ...integrations.map((integration) => `integration ${integration}`),
  ]);

/** As far as it only narrows: what would widen stays as it is. */
function narrowed(before: AgentSettings, wanted: AgentSettings): AgentSettings {
  const kept = wideningMembers(before, wanted).map((member) => [member, before[member]] as const);
  return { ...wanted, ...(Object.fromEntries(kept) as Partial<AgentSettings>) };
}

describe("narrowing, over all settings", () => {
  it("never lets through a call that was refused before", () => {
    fc.assert(
      fc.property(anySettings, anySettings, (before, after) => {
        fc.pre(!wideningMembers(before, after).includes("surface"));
        const now = allowed(before.surface);
        for (const call of allowed(after.surface)) expect(now).toContain(call);
      }),
    );
  });

  it("is by surface exactly being within, so that nothing that narrows is refused either", () => {
    fc.assert(
      fc.property(anySurface, anySurface, (outer, inner) => {
        const [before, after] = [allowed(outer), allowed(inner)];
        expect(isWithin(inner, outer)).toBe([...after].every((call) => before.has(call)));
      }),
    );
  });

  it("may be repeated: two narrowings one after the other are one (P6)", () => {
    fc.assert(
      fc.property(anySettings, anySettings, anySettings, (first, wanted, more) => {
        const second = narrowed(first, wanted);
        const third = narrowed(second, more);
        expect(wideningMembers(first, second)).toEqual([]);
        expect(wideningMembers(first, third)).toEqual([]);
      }),
    );
  });

  it("holds for what stays as it is", () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        expect(wideningMembers(settings, settings)).toEqual([]);
        expect(wideningMembers(settings, {})).toEqual([]);
      }),
    );
  });
});
