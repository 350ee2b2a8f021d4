/** Why the server behind a tool gave no whole answer, for the operator who asked for one. */
import type { UpstreamEnd } from "../egress/open.ts";

/** `dome`: before anything reached the server; `upstream`: the server, its authorization server, or the way there. */
export interface ServerFault {
  readonly who: "dome" | "upstream";
  /** In words without secrets. */
  readonly detail: string;
}

export const ofDome = (detail: string): ServerFault => ({ who: "dome", detail });
export const ofUpstream = (detail: string): ServerFault => ({ who: "upstream", detail });

export const ENDED_IN_WORDS: Readonly<Record<UpstreamEnd, string>> = {
  unreachable: "The server could not be reached.",
  undecodable: "The server's answer came in an encoding that Dome did not ask for, and cannot be decoded.",
  timed_out: "The server did not answer in time.",
  aborted: "The server did not answer in time.",
  body_silent: "Dome did not send its whole request to the server.",
  body_broken: "Dome did not send its whole request to the server.",
  too_large: "The server's answer is too large.",
};
