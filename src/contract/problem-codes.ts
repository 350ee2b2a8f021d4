/** The codes of problems (RFC 9457). They stand apart from the schemas, so that a program that starts need not load those. */
export const PROBLEMS = {
  malformed_json: { status: 400, title: "The body is not JSON" },
  invalid_request: { status: 400, title: "The request does not have the form this route takes" },
  unauthenticated: { status: 401, title: "No usable credential" },
  invalid_token: { status: 401, title: "The credential is not valid here" },
  actas_refused: { status: 403, title: "The end user that the call names is not accepted" },
  forbidden: { status: 403, title: "The credential does not allow this" },
  held: { status: 403, title: "The agent is held, and this does not lift the hold" },
  not_found: { status: 404, title: "No such thing, or not yours" },
  method_not_allowed: { status: 405, title: "The route does not take this method" },
  in_use: { status: 409, title: "Something still depends on it" },
  name_taken: { status: 409, title: "The name is or was in use" },
  invalid_transition: { status: 409, title: "The lifecycle has no such step" },
  drain_conflict: { status: 409, title: "The agent drains already, and a second drain may only tighten" },
  key_limit: { status: 409, title: "Too many live keys" },
  key_not_live: { status: 409, title: "The key is not live" },
  parent_cycle: { status: 409, title: "An agent cannot be its own ancestor" },
  parent_stopped: { status: 409, title: "An ancestor is not running" },
  agent_lost: { status: 409, title: "The authoritative object of this agent is lost" },
  workspace_lost: { status: 409, title: "The authoritative object of this workspace is lost" },
  request_in_progress: {
    status: 409,
    title: "The first request under this Idempotency-Key is still running",
  },
  precondition_failed: { status: 412, title: "The resource has changed since you read it" },
  body_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The route takes another content type" },
  idempotency_mismatch: { status: 422, title: "Another request was made under this Idempotency-Key" },
  unknown_reference: { status: 422, title: "A member names something that does not exist" },
  rate_limited: { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "Something broke inside" },
  unavailable: { status: 503, title: "Not available right now" },
  configuration_pending: { status: 503, title: "An earlier change is not settled yet" },
  draining: { status: 503, title: "The agent is draining" },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** True for a code of this version's list; any other is to be handled by its status. */
export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);
