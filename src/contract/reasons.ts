/**
 * Why a decision ended as it did: one closed list, with the layer that decided. Each has a page in docs/reasons/.
 */
import { z } from "zod";

export const REASONS = {
  permitted: { layer: "policy", title: "Everything permits it" },
  catalog_missing: { layer: "catalog", title: "Declared, but the workspace's catalog does not have it" },
  catalog_operation_missing: { layer: "catalog", title: "The catalog entry has no such operation or model" },
  arguments_invalid: { layer: "catalog", title: "The arguments do not match the operation's schema" },
  scope_insufficient: { layer: "scope", title: "The token's scope does not cover it" },
  surface_undeclared: { layer: "surface", title: "The agent did not declare it" },
  actas_required: {
    layer: "actas",
    title: "The agent acts only for a verified end user, and none was there",
  },
  actas_provider: {
    layer: "actas",
    title: "The user was vouched for by another identity provider than the one that counts",
  },
  tier_limit: { layer: "tier", title: "A limit of the agent's tier" },
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
