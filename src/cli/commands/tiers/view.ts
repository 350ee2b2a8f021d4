/** The text forms of tiers. */
import type { Tier } from "../../../contract/tier.ts";
import type { Cell } from "../../output.ts";

/** The members in a list. */
export const members = (tier: Tier): readonly (readonly [string, Cell])[] => [
  ["name", tier.name],
  ["token life", `${tier.token_ttl_seconds} s`],
  ["chain depth", tier.max_chain_depth],
  ["trust", tier.trust],
  ["calls", tier.calls_per_minute === null ? "no bound" : `${tier.calls_per_minute} a minute`],
  ["open calls", tier.open_calls ?? "no bound"],
  ["freshness", tier.freshness],
  ["self-service", tier.self_service ? "yes" : "no"],
  ["description", tier.description],
];

/** The members that only `show` adds. */
export const limits = (tier: Tier): readonly (readonly [string, Cell])[] => [
  ["batch", tier.max_batch],
  ["body", `${tier.max_body_bytes} bytes`],
  ["tool calls", `${tier.max_act_body_bytes} bytes, ${tier.max_act_seconds} s`],
  ["MCP sessions", `${tier.max_session_seconds} s`],
  ["key life", `at most ${tier.max_key_days} d`],
  ["rate", tier.rate],
  ["unused items", tier.lapse_after_days === null ? "never lapse" : `lapse after ${tier.lapse_after_days} d`],
  ["audit", tier.audit],
  ["built in", tier.built_in ? "yes" : "no"],
];
