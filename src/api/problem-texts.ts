/** What each problem means and what to do about it, as `GET /problems/{code}` and docs/problems.md say it. */
import type { ProblemCode } from "../contract/problem-codes.ts";

interface ProblemText {
  readonly meaning: string;
  readonly action: string;
}

export const PROBLEM_TEXTS: Readonly<Record<ProblemCode, ProblemText>> = {
  malformed_json: { meaning: "The body does not parse as JSON in UTF-8.", action: "Correct it." },
  invalid_request: {
    meaning:
      "A member is missing, unknown or not of its form; a query parameter is there twice; a header is malformed.",
    action:
      "`errors` names the members. Unknown members are refused so that a misspelt limit is never a silent one.",
  },
  unauthenticated: {
    meaning: "No `Authorization` header was sent.",
    action: "Send `Authorization: Bearer` with the credential that the route takes.",
  },
  invalid_token: {
    meaning:
      "Unknown, expired, revoked, made out to somebody else, of the wrong kind, or its agent, workspace, user or transaction is stopped.",
    action:
      "Exchange the API key for a new token. If that is refused too, ask an operator for the agent's state and keys.",
  },
  actas_refused: {
    meaning:
      "`Dome-Act-As` is not the ID token of a provider of the workspace, is not made out to an audience of this agent, is too old or expired; or the credential acts for somebody already.",
    action:
      "Send a fresh ID token with an audience of this agent, together with the agent's own key or token.",
  },
  forbidden: {
    meaning: "The operator's role, or the workspaces its token is bound to, do not allow it.",
    action: "`detail` names the roles that may. Use such a token.",
  },
  not_found: {
    meaning: "It does not exist, or the credential may not see it. Both are one answer on purpose.",
    action: "Check the name, the workspace and the token.",
  },
  method_not_allowed: { meaning: "The path exists, with other methods.", action: "`Allow` lists them." },
  in_use: {
    meaning: "Agents that are not revoked declare the catalog entry.",
    action:
      "`errors` names them, with what each declares. Change them first, or remove it with `--force` (`force=true`).",
  },
  name_taken: {
    meaning: "Names of agents are unique in their workspace for ever, also after a revocation.",
    action: "Choose another name.",
  },
  invalid_transition: {
    meaning:
      "The command does not lead on from the agent's state, the agent has passed its end date, or it is revoked. A suspended agent is resumed, not activated.",
    action:
      "Look at the state. After the end date, set a later one first. Revoked is final: register another agent.",
  },
  held: {
    meaning:
      "The roles `security` or `admin` have suspended the agent, or it was suspended with `hold`, or it drains towards such a suspension. Only these roles lift it, with a reason.",
    action: "See who holds it and why (`dome agents show`). With such a role, resume it with `--reason`.",
  },
  drain_conflict: {
    meaning: "The second drain would end later, more weakly or with fewer agents than the first.",
    action: "Stop it without a drain, or cancel the drain with `dome agents activate` and order anew.",
  },
  key_limit: {
    meaning: "The agent has as many live keys as one may have.",
    action: "Revoke one that is not needed, or rotate with `replaces`.",
  },
  key_not_live: {
    meaning: "The key or operator token named in `replaces` is revoked or expired.",
    action: "Issue one without `replaces`.",
  },
  parent_cycle: {
    meaning: "The parent is the agent itself or one of its descendants.",
    action: "Choose another parent.",
  },
  parent_stopped: {
    meaning: "The parent, or one of its ancestors, is suspended, revoked or lost.",
    action: "Resume it first, or choose another parent.",
  },
  agent_lost: {
    meaning:
      "The registry has the record, the object that knows whether it is alive does not. Everything is refused for it.",
    action: "See lost objects.",
  },
  workspace_lost: {
    meaning: "The registry has the workspace, its object is gone. Everything in it is refused.",
    action: "See lost objects.",
  },
  request_in_progress: {
    meaning: "An earlier request with this key has not answered yet.",
    action: "Repeat with the same key after `Retry-After`.",
  },
  precondition_failed: {
    meaning: "`If-Match` names another version, or another change came in between.",
    action: "Read it again, and repeat the change on what you read.",
  },
  body_too_large: {
    meaning: "Larger than any route takes, or than the agent's tier takes.",
    action: "Send less. `detail` says how much is taken.",
  },
  unsupported_media_type: {
    meaning: "A body that is not `application/json`.",
    action: "Send `Content-Type: application/json`.",
  },
  idempotency_mismatch: {
    meaning: "The key was used with another method, path or body.",
    action: "Use a new key for a new request.",
  },
  unknown_reference: {
    meaning: "For instance a tier or a parent that is not there.",
    action: "`errors` names the member, `detail` a near match.",
  },
  rate_limited: {
    meaning: "More was asked than the limit of the address, agent, key or workspace takes.",
    action: "Repeat after `Retry-After`.",
  },
  internal: {
    meaning: "A fault of Dome or of what it stands on. No message from inside is shown.",
    action: "The request id finds it in the log. Repeat a mutation with the same `Idempotency-Key`.",
  },
  unavailable: {
    meaning: "It cannot be decided whether this is allowed, or its record cannot be made durable.",
    action: "Repeat after `Retry-After`.",
  },
  configuration_pending: {
    meaning:
      "A change of the same agent or workspace has an unknown outcome. It settles by itself; stops are not held up by it.",
    action: "Repeat with the same `Idempotency-Key` after `Retry-After`.",
  },
  draining: {
    meaning: "An agent of the call takes no new work and is stopped at a deadline.",
    action: "Repeat after `Retry-After`: the drain may be cancelled. Or use another agent.",
  },
};
