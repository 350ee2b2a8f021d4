import { expect, it, test } from "vitest";
import { tier } from "../../../src/contract/tier.ts";
import { MAX_BODY_BYTES } from "../../../src/api/body.ts";
import { BUILT_IN_TIERS } from "../../support/built-in-tiers.ts";
import { MAX_LIFETIME_S } from "../../../src/contract/call-token.ts";

test.each([
  [
    "restricted",
    {
      token_ttl_seconds: 60,
      max_chain_depth: 2,
      max_batch: 10,
      max_key_days: 90,
      max_body_bytes: 16_384,
      max_act_body_bytes: 1_048_576,
      max_act_seconds: 60,
      max_session_seconds: 3600,
      freshness: "always",
      self_service: true,
    },
  ],
  [
    "standard",
    {
      token_ttl_seconds: 300,
      max_chain_depth: 4,
      max_batch: 100,
      max_key_days: 365,
      max_body_bytes: 262_144,
      max_act_body_bytes: 10_485_760,
      max_act_seconds: 300,
      max_session_seconds: 28_800,
      freshness: "leased",
      self_service: true,
    },
  ],
  [
    "trusted",
    {
      token_ttl_seconds: 300,
      max_chain_depth: 8,
      max_batch: 500,
      max_key_days: 365,
      max_body_bytes: 1_048_576,
      max_act_body_bytes: 104_857_600,
      max_act_seconds: 3600,
      max_session_seconds: 28_800,
      freshness: "leased",
      self_service: false,
    },
  ],
])("the tier %s has the limits %j", (name, limits) => {
  expect(BUILT_IN_TIERS.get(name)).toMatchObject({
    name,
    built_in: true,
    audit: "before_release",
    ...limits,
  });
});

it("are all that there are, each well formed, under its own name", () => {
  expect([...BUILT_IN_TIERS.keys()]).toEqual(["restricted", "standard", "trusted"]);
  for (const [name, each] of BUILT_IN_TIERS) expect(tier.parse(each).name).toBe(name);
});

it("grow with trust in every limit: moving up never takes anything away", () => {
  const tiers = [...BUILT_IN_TIERS.values()];
  for (const [index, higher] of tiers.slice(1).entries()) {
    const lower = tiers[index];
    for (const limit of [
      "token_ttl_seconds",
      "max_chain_depth",
      "max_batch",
      "max_key_days",
      "max_body_bytes",
      "max_act_body_bytes",
      "max_act_seconds",
      "max_session_seconds",
    ] as const) {
      expect(higher[limit]).toBeGreaterThanOrEqual(lower?.[limit] ?? Infinity);
    }
  }
});

it("never promise more than a token may live or a door takes", () => {
  for (const each of BUILT_IN_TIERS.values()) {
    expect(each.token_ttl_seconds).toBeLessThanOrEqual(MAX_LIFETIME_S);
    expect(each.max_body_bytes).toBeLessThanOrEqual(MAX_BODY_BYTES);
  }
});
