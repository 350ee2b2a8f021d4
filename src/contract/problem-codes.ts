/**
 * The codes of problems (RFC 9457). They are separate from the schemas, so that a program can start without loading
 * those.
 */
export const PROBLEMS = {
  malformed_json: { status: 400, title: "The body is not valid JSON" },
  invalid_request: { status: 400, title: "The request does not match the route's schema" },
  unauthenticated: { status: 401, title: "The request has no credential" },
  invalid_token: { status: 401, title: "The credential is not valid" },
  actas_refused: { status: 403, title: "The end user is not accepted" },
  denied: { status: 403, title: "The call is denied" },
  forbidden: { status: 403, title: "The credential does not permit this request" },
  held: { status: 403, title: "The agent is held, and this request does not lift the hold" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "The route does not support this method" },
  not_acceptable: { status: 406, title: "The client accepts no answer that the route gives" },
  body_timeout: { status: 408, title: "The body does not arrive in time" },
  in_use: { status: 409, title: "The catalog entry is in use" },
  name_taken: { status: 409, title: "The name is taken" },
  invalid_transition: { status: 409, title: "The agent's state does not allow this command" },
  drain_conflict: { status: 409, title: "The agent is draining already" },
  key_limit: { status: 409, title: "The agent has too many live keys" },
  key_not_live: { status: 409, title: "The key is not live" },
  parent_cycle: { status: 409, title: "An agent cannot be its own ancestor" },
  parent_too_deep: { status: 409, title: "The agent would have too many ancestors" },
  parent_stopped: { status: 409, title: "An ancestor is stopped" },
  agent_lost: { status: 409, title: "The object of this agent is lost" },
  workspace_lost: { status: 409, title: "The object of this workspace is lost" },
  request_in_progress: { status: 409, title: "The first request with this Idempotency-Key is still running" },
  precondition_failed: { status: 412, title: "The resource has changed since you read it" },
  body_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The route does not support this content type" },
  arguments_invalid: { status: 422, title: "The arguments do not match the operation's schema" },
  idempotency_mismatch: { status: 422, title: "The Idempotency-Key belongs to another request" },
  unknown_reference: { status: 422, title: "A member names something that does not exist" },
  rate_limited: { status: 429, title: "Too many requests" },
  too_many_streams: { status: 429, title: "The agent has too many event streams open" },
  upstream_credential_missing: { status: 502, title: "Dome has no usable credential for the tool's server" },
  upstream_refused: { status: 502, title: "The tool's server refused Dome's credential" },
  upstream_redirect: { status: 502, title: "The tool's server redirects to another server" },
  upstream_unreachable: { status: 502, title: "The tool's server cannot be reached" },
  upstream_too_large: { status: 502, title: "The answer of the tool's server is too large" },
  session_over: { status: 404, title: "There is no such session" },
  upstream_failed: { status: 502, title: "The tool's server does not answer as its protocol says" },
  upstream_timeout: { status: 504, title: "The tool's server does not answer in time" },
  act_too_long: { status: 504, title: "The call takes longer than the tier allows" },
  internal: { status: 500, title: "Internal error" },
  unavailable: { status: 503, title: "Temporarily unavailable" },
  upstream_circuit_open: { status: 503, title: "The tool's server has failed several times in a row" },
  upstream_unavailable: { status: 503, title: "The tool's server takes no call now" },
  upstream_busy: { status: 503, title: "Too many calls of the tool's server are open" },
  configuration_pending: { status: 503, title: "An earlier change is still being settled" },
  draining: { status: 503, title: "The agent is draining" },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** True for a code in this version's list. A reader handles any other code by its status. */
export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);
