import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tier } from "../../../src/contract/tier.ts";
import { BUILT_IN_TIERS } from "../../support/built-in-tiers.ts";
import { limitsOf, type LimitedAgent, type Limits } from "../../../src/tiers/limits.ts";

const agentOf = (tier: string, freshness: LimitedAgent["freshness"] = null): LimitedAgent => ({
  name: "bot",
  tier,
  freshness,
});

/** The strictest first. */
const RATES = ["low", "normal", "high"] as const;

const anyTier = fc.record({
  token_ttl_seconds: fc.integer({ min: 30, max: 300 }),
  max_chain_depth: fc.integer({ min: 1, max: 16 }),
  max_batch: fc.integer({ min: 1, max: 1000 }),
  max_key_days: fc.integer({ min: 1, max: 365 }),
  max_body_bytes: fc.integer({ min: 1024, max: 1_048_576 }),
  max_act_body_bytes: fc.integer({ min: 1024, max: 104_857_600 }),
  max_act_seconds: fc.integer({ min: 1, max: 3600 }),
  max_session_seconds: fc.integer({ min: 60, max: 28_800 }),
  rate: fc.constantFrom(...RATES),
  calls_per_minute: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
  open_calls: fc.option(fc.integer({ min: 1, max: 100_000 })),
  lapse_after_days: fc.option(fc.integer({ min: 1, max: 3650 })),
  trust: fc.integer({ min: 0, max: 100 }),
  freshness: fc.constantFrom("leased", "always"),
});
const NAMES = ["one", "two", "three", "four"];
const anyTiers = fc.tuple(anyTier, anyTier, anyTier, anyTier).map((each) => {
  const made = each.map((tier, index) => ({
    ...tier,
    name: NAMES[index] ?? "",
    description: "",
    built_in: true,
    version: 1,
    self_service: false,
    audit: "before_release" as const,
  }));
  return new Map(made.map((tier) => [tier.name, tier]));
});
const anyAgent = fc.record({
  name: fc.constant("bot"),
  tier: fc.constantFrom(...NAMES),
  freshness: fc.constantFrom("leased" as const, "always" as const, null),
});
const anyChain = fc.array(anyAgent, { minLength: 1, maxLength: 6 });

const made = (result: ReturnType<typeof limitsOf>): Limits => {
  if (!result.ok) throw new Error(result.error.kind);
  return result.value;
};

/** Null: no bound. */
const isFewer = (a: number | null, b: number | null): boolean => b === null || (a !== null && a <= b);

/** True when `a` allows nothing that `b` does not. */
const isWithin = (a: Limits, b: Limits): boolean =>
  a.maxDepth <= b.maxDepth &&
  a.maxLifetime <= b.maxLifetime &&
  a.maxBodyBytes <= b.maxBodyBytes &&
  a.maxActBodyBytes <= b.maxActBodyBytes &&
  a.maxActSeconds <= b.maxActSeconds &&
  a.maxSessionSeconds <= b.maxSessionSeconds &&
  RATES.indexOf(a.rate) <= RATES.indexOf(b.rate) &&
  isFewer(a.callsPerMinute, b.callsPerMinute) &&
  isFewer(a.openCalls, b.openCalls) &&
  (a.freshness === "always" || b.freshness === "leased");

describe("the limits of a chain", () => {
  it("are at most those of each of its agents alone, whoever else is in it (P6)", () => {
    fc.assert(
      fc.property(anyTiers, anyChain, (tiers, chain) => {
        const limits = made(limitsOf(tiers, chain));
        for (const agent of chain) expect(isWithin(limits, made(limitsOf(tiers, [agent])))).toBe(true);
      }),
    );
  });

  it("do not hang on the order of its agents", () => {
    const shuffled = anyChain.chain((chain) =>
      fc.shuffledSubarray(chain, { minLength: chain.length }).map((other) => [chain, other] as const),
    );
    fc.assert(
      fc.property(anyTiers, shuffled, (tiers, [chain, other]) => {
        expect(limitsOf(tiers, other)).toEqual(limitsOf(tiers, chain));
      }),
    );
  });

  it("are never loosened by one more agent, wherever it stands (P6)", () => {
    fc.assert(
      fc.property(anyTiers, anyChain, anyAgent, fc.nat(6), (tiers, chain, more, at) => {
        const longer = made(limitsOf(tiers, chain.toSpliced(at, 0, more)));
        expect(isWithin(longer, made(limitsOf(tiers, chain)))).toBe(true);
      }),
    );
  });

  it("are those of the strictest in each respect, not of one of the agents", () => {
    expect(limitsOf(BUILT_IN_TIERS, [agentOf("standard"), agentOf("restricted")])).toEqual({
      ok: true,
      value: {
        maxDepth: 2,
        maxLifetime: 60,
        maxBodyBytes: 16_384,
        maxActBodyBytes: 1_048_576,
        maxActSeconds: 60,
        maxSessionSeconds: 3600,
        maxBatch: 10,
        rate: "low",
        callsPerMinute: null,
        openCalls: null,
        freshness: "always",
      },
    });
  });

  it("are the fewer calls where two tiers say a number, and the one number where only one does", () => {
    const standard = BUILT_IN_TIERS.get("standard") as Tier;
    const numbers = (calls: number | null, open: number | null) => ({
      ...standard,
      calls_per_minute: calls,
      open_calls: open,
    });
    const tiers = new Map([
      ["few", numbers(10, null)],
      ["many", numbers(100, 3)],
      ["any", numbers(null, null)],
    ]);
    const of = (...names: string[]) => {
      const { callsPerMinute, openCalls } = made(
        limitsOf(
          tiers,
          names.map((name) => agentOf(name)),
        ),
      );
      return [callsPerMinute, openCalls];
    };
    expect([of("any"), of("any", "few"), of("many", "few"), of("many", "any", "few")]).toEqual([
      [null, null],
      [10, null],
      [10, 3],
      [10, 3],
    ]);
  });

  it("ask always when one agent wants it; its own wish never loosens its tier's", () => {
    const freshness = (...chain: LimitedAgent[]) => made(limitsOf(BUILT_IN_TIERS, chain)).freshness;
    expect(freshness(agentOf("standard"), agentOf("trusted", "always"))).toBe("always");
    expect(freshness(agentOf("restricted", "leased"))).toBe("always");
    expect(freshness(agentOf("standard"), agentOf("standard"))).toBe("leased");
  });

  it("are none for a tier that does not exist and for nobody: nothing is allowed (P1)", () => {
    const unknown = agentOf("gone");
    for (const chain of [[unknown], [agentOf("standard"), unknown]])
      expect(limitsOf(BUILT_IN_TIERS, chain)).toEqual({
        ok: false,
        error: { kind: "unknown_tier", agent: unknown },
      });
    expect(limitsOf(BUILT_IN_TIERS, [])).toEqual({ ok: false, error: { kind: "unknown_tier", agent: null } });
  });
});
