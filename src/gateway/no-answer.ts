/** What a caller is told when there is no answer of the tool's server. */
import type { ProblemCode } from "../contract/problem-codes.ts";
import type { NoAnswer } from "./who-failed.ts";

/** There is no answer of the server. */
export interface Unanswered {
  readonly kind: "none";
  readonly why: NoAnswer;
  /** When it is worth asking again. */
  readonly retryAfterSeconds?: number;
}

export const NO_ANSWER: Readonly<Record<NoAnswer, { readonly code: ProblemCode; readonly detail: string }>> =
  {
    not_an_http_tool: {
      code: "not_found",
      detail: "The tool is not of the kind http, so it has no door here.",
    },
    not_an_mcp_tool: {
      code: "not_found",
      detail: "The tool is not of the kind mcp, so it has no door here.",
    },
    upstream_credential_missing: {
      code: "upstream_credential_missing",
      detail:
        "Dome has no usable credential for the tool's server, and has sent nothing. An operator adds one.",
    },
    upstream_refused: {
      code: "upstream_refused",
      detail: "The tool's server refused the credential of Dome. An operator replaces it.",
    },
    upstream_wants_credential: {
      code: "upstream_refused",
      detail:
        "The tool's server refuses the call, and Dome has sent it no credential, because the tool's entry names none. If the server needs one, an operator adds it to the entry.",
    },
    upstream_token_refused: {
      code: "upstream_refused",
      detail:
        "The authorization server of the tool gave Dome no token, so the tool's server got nothing. An operator checks the client, its secret and the scope.",
    },
    upstream_redirect: {
      code: "upstream_redirect",
      detail: "The tool's server redirects to another server, or out of the tool's base path.",
    },
    upstream_unreachable: {
      code: "upstream_unreachable",
      detail: "The tool's server cannot be reached, or ended the connection without an answer.",
    },
    upstream_lost: {
      code: "upstream_unreachable",
      detail: "The tool's server ended the connection before its answer. The call may have had its effect.",
    },
    upstream_circuit_open: {
      code: "upstream_circuit_open",
      detail:
        "The tool's server has failed several times in a row, so Dome has sent nothing. It tries the server again after the time in Retry-After.",
    },
    upstream_busy: {
      code: "upstream_busy",
      detail:
        "Dome has as many calls of the tool's server open as it may have, and has sent nothing. Repeat the call after the time in Retry-After.",
    },
    upstream_unavailable: {
      code: "upstream_unavailable",
      detail:
        "The tool's server takes no call now. Repeat it later, after the time in Retry-After if there is one.",
    },
    upstream_failed: {
      code: "upstream_failed",
      detail: "The tool's server did not answer as its protocol says. The call may have had its effect.",
    },
    session_over: {
      code: "session_over",
      detail: "The session is over, or belongs to another caller. Begin a new one with initialize.",
    },
    upstream_session_lost: {
      code: "upstream_failed",
      detail:
        "The tool's server no longer knows the session that Dome keeps with it. The call was not repeated; the next one begins a new session.",
    },
    upstream_timeout: {
      code: "upstream_timeout",
      detail:
        "The tool's server has not begun an answer within the time for connecting and answering. The call may have had its effect: repeat it only if it may be repeated.",
    },
    upstream_silent: {
      code: "upstream_timeout",
      detail:
        "The tool's server has begun an answer, and was silent for too long within it. The call may have had its effect: repeat it only if it may be repeated.",
    },
    upstream_too_large: {
      code: "upstream_too_large",
      detail: "The answer of the tool's server is larger than the agent's tier allows.",
    },
    answer_not_redactable: {
      code: "answer_not_redactable",
      detail:
        "The answer of the tool's server cannot be redacted as the tool's entry says, so Dome does not pass it on: it has binary content, is a stream or a part of a whole, has a type, charset or encoding that Dome does not read, claims to be JSON and is not, is nested too deeply, needs more steps than one answer may, or would be no message of its protocol any more. The call may have had its effect.",
    },
    act_too_long: {
      code: "act_too_long",
      detail: "The call has taken longer than the agent's tier allows. It may have had its effect.",
    },
    caller_silent: {
      code: "body_timeout",
      detail: "The rest of the call's body has not come in time. Send it without such a pause.",
    },
    body_incomplete: {
      code: "invalid_request",
      detail: "The body of the call has broken off. Send the whole body.",
    },
    body_too_large: {
      code: "body_too_large",
      detail: "The body is larger than the agent's tier allows.",
    },
  };
