/** RFC 9457 problems: the one shape in which the management API says no. */
import { PROBLEMS, type Problem, type ProblemCode } from "../contract/problem.ts";
import type { Refusal } from "../operations/refusal.ts";

/** Where each code is explained. A relative reference: it resolves against the installation (RFC 9457 §3.1.1). */
const typeOf = (code: ProblemCode): string => `/problems/${code}`;

export interface ProblemOptions {
  readonly requestId: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal as an HTTP response. */
export function problemResponse(refusal: Refusal, options: ProblemOptions): Response {
  const { status, title } = PROBLEMS[refusal.code];
  const body: Problem = {
    type: typeOf(refusal.code),
    title,
    status,
    detail: refusal.detail,
    instance: options.requestId,
    code: refusal.code,
    ...(refusal.errors === undefined ? {} : { errors: refusal.errors.map((error) => ({ ...error })) }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(refusal.retryAfterSeconds === undefined
        ? {}
        : { "retry-after": String(refusal.retryAfterSeconds) }),
      ...options.headers,
    },
  });
}

export const UNAUTHENTICATED: Refusal = {
  code: "unauthenticated",
  detail: "Send a credential: Authorization: Bearer …",
};

export const INVALID_TOKEN: Refusal = {
  code: "invalid_token",
  detail: "The credential is unknown, expired, revoked, made out to somebody else, or its owner is stopped.",
};

export const UNAVAILABLE: Refusal = {
  code: "unavailable",
  detail: "It cannot be decided right now whether this is allowed. Repeat the request.",
  retryAfterSeconds: 1,
};

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
