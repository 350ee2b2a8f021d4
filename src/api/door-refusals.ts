/** What doors refuse by themselves, whatever dialect they say it in. */
import type { Withheld } from "../access/release.ts";
import { unreachable } from "../kernel/result.ts";
import { EVIDENCE_FULL, type Refusal } from "../operations/answer/refusal.ts";

export const UNAUTHENTICATED: Refusal = {
  code: "unauthenticated",
  detail: "The request has no credential. Send one: Authorization: Bearer …",
};

export const INVALID_TOKEN: Refusal = {
  code: "invalid_token",
  detail:
    "The credential is unknown, expired or revoked, it was issued for another audience, or its agent, workspace or user is stopped.",
};

export const INTERNAL: Refusal = {
  code: "internal",
  detail: "Dome has failed at this request. Search the log for the request id.",
};

export const UNAVAILABLE: Refusal = {
  code: "unavailable",
  detail: "Dome cannot decide right now whether the request is allowed. Repeat the request.",
  retryAfterSeconds: 1,
};

/** @param of what could not be had; `evidence`: the workspace's ledger is full (P8). */
export const unavailableFor = (of: string): Refusal => (of === "evidence" ? EVIDENCE_FULL : UNAVAILABLE);

/** The agent's own credential is good: only what it says of the user is not, and only the agent can mend that. */
export const actAsProblem = (why: string): Refusal => ({
  code: "actas_refused",
  detail:
    why === "has_actor"
      ? "The credential already acts for a user or for another agent. Send Dome-Act-As with the agent's own key or token."
      : `The ID token in Dome-Act-As is not accepted: ${why.replaceAll("_", " ")}. The token must be from an identity provider of the workspace, for an audience that is bound to this agent, and at most 10 minutes old.`,
});

/** Longer than this nobody is sent away: a drain may be cancelled. */
const MOST_RETRY_AFTER_S = 30;

/** @param leftMs until the agent is stopped, in milliseconds. */
export const drainingProblem = (leftMs: number): Refusal => ({
  code: "draining",
  detail: `An agent of this call is draining. It takes no new work, and Dome stops it in ${Math.ceil(leftMs / 1000)} s.`,
  retryAfterSeconds: retryAfterDrain(leftMs),
});

/** @returns seconds, between 1 and 30. */
export const retryAfterDrain = (leftMs: number): number =>
  Math.min(MOST_RETRY_AFTER_S, Math.max(1, Math.ceil(leftMs / 1000)));

/** What was not released. Stopped or stale is 401; what cannot be decided, or cannot be recorded, is 503 (design part 9). */
export function withheldProblem(withheld: Withheld): Refusal {
  switch (withheld.kind) {
    case "no_lease":
      return unavailableFor(withheld.of);
    case "audit_unavailable":
      return UNAVAILABLE;
    case "evidence_full":
      return EVIDENCE_FULL;
    case "draining":
      return drainingProblem(withheld.left_ms);
    case "not_admitted":
      return INVALID_TOKEN;
    default:
      return unreachable(withheld);
  }
}
