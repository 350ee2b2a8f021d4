/**
 * Whose fault it is that a call has no whole answer. A door says it to the caller, and the outcome's record to whoever
 * reads the trail: both look here.
 */

type Who = "caller" | "dome" | "upstream";

export const WHO_FAILED = {
  not_an_http_tool: "caller",
  not_an_mcp_tool: "caller",
  body_too_large: "caller",
  body_incomplete: "caller",
  caller_silent: "caller",
  caller_gone: "caller",
  caller_cancelled: "caller",
  upstream_credential_missing: "dome",
  act_too_long: "dome",
  upstream_busy: "dome",
  answer_not_redactable: "dome",
  upstream_refused: "upstream",
  upstream_wants_credential: "upstream",
  upstream_token_refused: "upstream",
  upstream_redirect: "upstream",
  upstream_unreachable: "upstream",
  upstream_timeout: "upstream",
  upstream_silent: "upstream",
  upstream_too_large: "upstream",
  upstream_lost: "upstream",
  upstream_circuit_open: "upstream",
  upstream_failed: "upstream",
  upstream_unavailable: "upstream",
  session_over: "upstream",
  upstream_session_lost: "upstream",
} as const satisfies Readonly<Record<string, Who>>;

export type CallFault = keyof typeof WHO_FAILED;

/** Why there is nothing to answer with. Nobody hears it when the caller has gone, or waits for nothing any more. */
export type NoAnswer = Exclude<CallFault, "caller_gone" | "caller_cancelled">;

/** What a refused credential is called where Dome has sent none. @param auth of the tool's entry. */
export const named = <Why extends CallFault>(why: Why, auth: string | undefined): Why | NoAnswer =>
  why === "upstream_refused" && auth === "none" ? "upstream_wants_credential" : why;
