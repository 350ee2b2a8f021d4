/** What doors refuse by themselves, whatever dialect they say it in. */
import type { Withheld } from "../access/release.ts";
import { unreachable } from "../kernel/result.ts";
import { EVIDENCE_FULL, type Refusal } from "../operations/answer/refusal.ts";

export const UNAUTHENTICATED: Refusal = {
  code: "unauthenticated",
  detail: "Send a credential: Authorization: Bearer …",
};

export const INVALID_TOKEN: Refusal = {
  code: "invalid_token",
  detail: "The credential is unknown, expired, revoked, made out to somebody else, or its owner is stopped.",
};

export const INTERNAL: Refusal = {
  code: "internal",
  detail: "Something broke inside. The request id finds it in the log.",
};

export const UNAVAILABLE: Refusal = {
  code: "unavailable",
  detail: "It cannot be decided right now whether this is allowed. Repeat the request.",
  retryAfterSeconds: 1,
};

/** @param of what could not be had; `evidence`: the workspace's ledger is full (P8). */
export const unavailableFor = (of: string): Refusal => (of === "evidence" ? EVIDENCE_FULL : UNAVAILABLE);

/** The agent's own credential is good: only what it says of the user is not, and only the agent can mend that. */
export const actAsProblem = (why: string): Refusal => ({
  code: "actas_refused",
  detail:
    why === "has_actor"
      ? "The credential acts for somebody already. Send Dome-Act-As with the agent's key, or with its own token."
      : `The ID token in Dome-Act-As is not accepted: ${why.replaceAll("_", " ")}. It must come from an identity provider of the workspace, be made out to an audience that is bound to this agent, and be at most 10 minutes old.`,
});

/** Longer than this nobody is sent away: a drain may be cancelled. */
const MOST_RETRY_AFTER_S = 30;

/** @param leftMs until the agent is stopped, in milliseconds. */
export const drainingProblem = (leftMs: number): Refusal => ({
  code: "draining",
  detail: `An agent of this call is draining: it takes no new work, and is stopped in ${Math.ceil(leftMs / 1000)} s.`,
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
