/** The tiers of every new installation, as its migrations make them. */
import type { Tier } from "../../src/contract/tier.ts";
import type { Tiers } from "../../src/tiers/limits.ts";

const RESTRICTED: Tier = {
  name: "restricted",
  description:
    "For agents nobody has come to trust yet: short tokens, and every call asks whether it is still allowed.",
  built_in: true,
  version: 1,
  self_service: true,
  token_ttl_seconds: 60,
  max_chain_depth: 2,
  max_batch: 10,
  max_key_days: 90,
  max_body_bytes: 16_384,
  max_act_body_bytes: 1_048_576,
  max_act_seconds: 60,
  max_session_seconds: 3600,
  rate: "low",
  calls_per_minute: null,
  open_calls: null,
  lapse_after_days: null,
  trust: 25,
  freshness: "always",
  audit: "before_release",
};

const STANDARD: Tier = {
  name: "standard",
  description: "For agents with an owner and a purpose.",
  built_in: true,
  version: 1,
  self_service: true,
  token_ttl_seconds: 300,
  max_chain_depth: 4,
  max_batch: 100,
  max_key_days: 365,
  max_body_bytes: 262_144,
  max_act_body_bytes: 10_485_760,
  max_act_seconds: 300,
  max_session_seconds: 28_800,
  rate: "normal",
  calls_per_minute: null,
  open_calls: null,
  lapse_after_days: null,
  trust: 50,
  freshness: "leased",
  audit: "before_release",
};

const TRUSTED: Tier = {
  name: "trusted",
  description: "For agents that other agents stand on: longer chains and larger requests.",
  built_in: true,
  version: 1,
  self_service: false,
  token_ttl_seconds: 300,
  max_chain_depth: 8,
  max_batch: 500,
  max_key_days: 365,
  max_body_bytes: 1_048_576,
  max_act_body_bytes: 104_857_600,
  max_act_seconds: 3600,
  max_session_seconds: 28_800,
  rate: "high",
  calls_per_minute: null,
  open_calls: null,
  lapse_after_days: null,
  trust: 75,
  freshness: "leased",
  audit: "before_release",
};

export const BUILT_IN_TIERS: Tiers & ReadonlyMap<string, Tier> = new Map(
  [RESTRICTED, STANDARD, TRUSTED].map((tier) => [tier.name, tier]),
);
