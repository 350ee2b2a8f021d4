/**
 * The closed list of the reasons of decisions, each with the layer that decides. Each has a page in docs/reasons/.
 */
import { z } from "zod";

export const REASONS = {
  permitted: { layer: "policy", title: "Every check permits the call" },
  catalog_missing: {
    layer: "catalog",
    title: "The workspace's catalog does not have what the agent declared",
  },
  catalog_operation_missing: { layer: "catalog", title: "The catalog entry has no such operation or model" },
  operation_quarantined: {
    layer: "catalog",
    title: "No operator has approved the operation as it is now",
  },
  schema_unusable: { layer: "catalog", title: "Dome cannot check the arguments of the operation" },
  arguments_invalid: { layer: "catalog", title: "The arguments do not match the operation's schema" },
  headers_invalid: {
    layer: "catalog",
    title: "A header that the tool's entry names is missing or cannot be used",
  },
  scope_insufficient: { layer: "scope", title: "The token's scope does not cover the request" },
  surface_undeclared: { layer: "surface", title: "The agent did not declare what it requests" },
  surface_lapsed: { layer: "surface", title: "What the agent declared has lapsed, because it was not used" },
  actas_required: {
    layer: "actas",
    title: "The agent requires a verified end user, and the call has none",
  },
  actas_provider: {
    layer: "actas",
    title: "The end user's identity provider does not count for this call",
  },
  tier_limit: { layer: "tier", title: "The call exceeds a limit of the tier" },
  tier_rate: { layer: "tier", title: "The agent calls more often in a minute than its tier allows" },
  tier_open_calls: { layer: "tier", title: "The agent has as many calls open as its tier allows" },
  arguments_unsupported: {
    layer: "policy",
    title: "The arguments cannot be given to the policies that read them",
  },
  policy_forbidden: { layer: "policy", title: "A policy forbids the call" },
  policy_no_permit: { layer: "policy", title: "No policy permits the call" },
  policy_error: { layer: "policy", title: "A policy could not be evaluated" },
  not_admitted: { layer: "lease", title: "The caller was stopped before the answer was released" },
} as const;

export type DecisionReason = keyof typeof REASONS;
export type Layer = (typeof REASONS)[DecisionReason]["layer"];

/** True for a code of the list. */
export const isReason = (text: string): text is DecisionReason => Object.hasOwn(REASONS, text);

const keys = Object.keys(REASONS) as [DecisionReason, ...DecisionReason[]];
export const decisionReason = z.enum(keys).meta({ id: "DecisionReason" });
export const layer = z
  .enum(["catalog", "scope", "surface", "actas", "tier", "policy", "lease"])
  .meta({ id: "Layer" });
