/** Refusals of the doors themselves, in any dialect. */
import type { OverTier, Unserved } from "../access/release.ts";
import { unreachable } from "../kernel/result.ts";
import { EVIDENCE_FULL, type Refusal } from "../operations/answer/refusal.ts";
import type { Fault } from "./dialects/dialect.ts";

export const UNAUTHENTICATED: Refusal = {
  code: "unauthenticated",
  detail: "The request has no credential. Send one: Authorization: Bearer …",
};

export const INVALID_TOKEN: Refusal = {
  code: "invalid_token",
  detail:
    "The credential is unknown, expired or revoked, it was issued for another audience, or its agent, workspace or user is stopped.",
};

const INTERNAL: Refusal = {
  code: "internal",
  detail: "Dome has failed at this request. Search the log for the request id.",
};

export const UNAVAILABLE: Refusal = {
  code: "unavailable",
  detail: "Dome cannot decide right now whether the request is allowed. Repeat the request.",
  retryAfterSeconds: 1,
};

export const FAULTS: Readonly<Record<Fault, Refusal>> = { unavailable: UNAVAILABLE, internal: INTERNAL };

/** @param of the missing part; `evidence` when the workspace's ledger is full (P8). */
export const unavailableFor = (of: string): Refusal => (of === "evidence" ? EVIDENCE_FULL : UNAVAILABLE);

/**
 * The agent's own credential is good, and only the user's token is not. The reason is given, because only the agent can
 * correct it.
 */
export const actAsProblem = (why: string): Refusal => ({
  code: "actas_refused",
  detail:
    why === "has_actor"
      ? "The credential already acts for a user or for another agent. Send Dome-Act-As with the agent's own key or token."
      : `The ID token in Dome-Act-As is not accepted: ${why.replaceAll("_", " ")}. The token must be from an identity provider of the workspace, for an audience that is bound to this agent, and at most 10 minutes old.`,
});

/** The longest `Retry-After`, in seconds: a drain may be cancelled. */
const MOST_RETRY_AFTER_S = 30;

/** @param leftMs the time until the agent is stopped, in milliseconds. */
export const drainingProblem = (leftMs: number): Refusal => ({
  code: "draining",
  detail: `An agent of this call is draining. It takes no new work, and Dome stops it in ${Math.ceil(leftMs / 1000)} s.`,
  retryAfterSeconds: retryAfterDrain(leftMs),
});

/** @returns seconds, between 1 and 30. */
export const retryAfterDrain = (leftMs: number): number =>
  Math.min(MOST_RETRY_AFTER_S, Math.max(1, Math.ceil(leftMs / 1000)));

const overTierProblem = ({ reason, most, retryAfterMs }: OverTier): Refusal => ({
  code: "rate_limited",
  detail:
    reason === "tier_rate"
      ? `The agent has made as many calls in this minute as the strictest tier of its chain allows: ${most}.`
      : `The agent has as many tool calls open as the strictest tier of its chain allows: ${most}. Wait until one has ended.`,
  retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  call: { reason, who: "dome" },
});

/**
 * The refusal for a result that was not released. Stopped or stale is 401; undecidable or unrecordable is 503 (design
 * part 9).
 */
export function withheldProblem(withheld: Unserved): Refusal {
  switch (withheld.kind) {
    case "no_lease":
      return unavailableFor(withheld.of);
    case "audit_unavailable":
      return UNAVAILABLE;
    case "evidence_full":
      return EVIDENCE_FULL;
    case "draining":
      return drainingProblem(withheld.left_ms);
    case "over_tier":
      return overTierProblem(withheld);
    case "not_admitted":
      return INVALID_TOKEN;
    default:
      return unreachable(withheld);
  }
}
