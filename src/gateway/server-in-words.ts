/** Why the server behind a tool gave no whole answer, for the operator who asked for one. */
import type { ProblemCode } from "../contract/problem-codes.ts";
import type { UpstreamEnd } from "../egress/open.ts";

/** `dome`: before anything reached the server; `upstream`: the server, its authorization server, or the way there. */
export interface ServerFault {
  readonly who: "dome" | "upstream";
  readonly code: ProblemCode;
  /** In words without secrets. */
  readonly detail: string;
}

export const ofDome = (code: ProblemCode, detail: string): ServerFault => ({ who: "dome", code, detail });
export const ofUpstream = (code: ProblemCode, detail: string): ServerFault => ({
  who: "upstream",
  code,
  detail,
});

export const ENDED_IN_WORDS: Readonly<Record<UpstreamEnd, string>> = {
  unreachable: "The server could not be reached.",
  timed_out: "The server did not answer in time.",
  aborted: "The server did not answer in time.",
  body_silent: "Dome did not send its whole request to the server.",
  body_broken: "Dome did not send its whole request to the server.",
  too_large: "The server's answer is too large.",
  undecodable: "The server's answer cannot be decoded.",
};

export const ENDED_AS: Readonly<Record<UpstreamEnd, ProblemCode>> = {
  unreachable: "upstream_unreachable",
  timed_out: "upstream_timeout",
  aborted: "upstream_timeout",
  body_silent: "upstream_unreachable",
  body_broken: "upstream_unreachable",
  too_large: "upstream_too_large",
  undecodable: "upstream_failed",
};
