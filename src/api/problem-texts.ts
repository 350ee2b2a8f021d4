/** The meaning of each problem and the action to take, for `GET /problems/{code}` and docs/problems.md. */
import type { ProblemCode } from "../contract/problem-codes.ts";

interface ProblemText {
  readonly meaning: string;
  readonly action: string;
}

export const PROBLEM_TEXTS: Readonly<Record<ProblemCode, ProblemText>> = {
  malformed_json: { meaning: "The body does not parse as JSON in UTF-8.", action: "Correct the body." },
  invalid_request: {
    meaning:
      "A member is missing, unknown or malformed; a query parameter is repeated; or a header is malformed.",
    action:
      "`errors` names the members. Dome refuses unknown members, because a misspelt limit would otherwise have no effect.",
  },
  unauthenticated: {
    meaning: "The request has no `Authorization` header.",
    action: "Send `Authorization: Bearer` with the credential that the route requires.",
  },
  invalid_token: {
    meaning:
      "The credential is unknown, expired, revoked, issued for another audience or of the wrong kind; or its agent, workspace, user or transaction is stopped.",
    action:
      "Exchange the API key for a new token. If Dome refuses that too, ask an operator to check the agent's state and keys.",
  },
  actas_refused: {
    meaning:
      "`Dome-Act-As` is not an ID token of a provider of the workspace, has no audience that is bound to this agent, or is too old or expired; or the credential already acts for a user or agent.",
    action:
      "Send a fresh ID token with an audience that is bound to this agent, together with the agent's own key or token.",
  },
  denied: {
    meaning:
      "The call of a tool through its door is denied by a decision. `reason` is the reason of the decision, `decision_id` its id.",
    action: "`detail` says what would change the decision; `dome explain DECISION` shows all of it.",
  },
  forbidden: {
    meaning: "The operator's role, or the workspaces that the token is bound to, do not allow the request.",
    action: "`detail` names the roles that allow it. Use a token with one of them.",
  },
  held: {
    meaning:
      "A role `security` or `admin` suspended the agent, or an ancestor with its descendants; or the agent was suspended with `hold`, or it drains towards such a suspension. Only these roles lift the hold, with a reason.",
    action:
      "`dome agents show` shows the operator and the reason. With one of these roles, resume the agent with `--reason`.",
  },
  not_found: {
    meaning:
      "The resource does not exist, or the credential may not see it. Dome gives the same answer in both cases on purpose.",
    action: "Check the name, the workspace and the token.",
  },
  method_not_allowed: { meaning: "The path exists, with other methods.", action: "`Allow` lists them." },
  not_acceptable: {
    meaning: "The `Accept` header excludes the media types of the answer.",
    action: "Send `Accept: application/json, text/event-stream` at the MCP doors.",
  },
  in_use: {
    meaning: "Agents that are not revoked declare the catalog entry.",
    action:
      "`errors` names the agents and what each declares. Change them first, or remove the entry with `--force` (`force=true`).",
  },
  policies_break: {
    meaning:
      "Policies in force would be without what they name or read of the catalog: because of a change of the catalog, or in a version that was pushed before one. Nothing was changed.",
    action:
      "`errors` names each place as `SCOPE VERSION LINE:COLUMN`. Push and activate policies that fit before and after the change, or repeat the command with `--even-if-policies-break` (`even_if_policies_break=true`).",
  },
  name_taken: {
    meaning:
      "Another agent of the workspace has, or had, this name. A name is never reused, even after the agent is revoked.",
    action: "Choose another name.",
  },
  invalid_transition: {
    meaning:
      "The command does not apply to the agent's present state, the agent has passed its end date, or it is revoked. A suspended agent is resumed, not activated.",
    action:
      "Check the agent's state. If the end date has passed, set a later one first. A revocation is final: register another agent.",
  },
  drain_conflict: {
    meaning:
      "The agent is draining, and the second drain would end later, be weaker or include fewer agents.",
    action:
      "Stop the agent without a drain, or cancel the drain with `dome agents activate` and drain again.",
  },
  key_limit: {
    meaning: "The agent has the largest number of live keys that Dome allows.",
    action: "Revoke a key that is not needed, or rotate one with `replaces`.",
  },
  key_not_live: {
    meaning: "The key or operator token in `replaces` is revoked or expired.",
    action: "Issue a new one without `replaces`.",
  },
  parent_cycle: {
    meaning: "The parent is the agent itself or one of its descendants.",
    action: "Choose another parent.",
  },
  parent_too_deep: {
    meaning: "The agent, or one of its descendants, would have more ancestors than Dome allows.",
    action: "Choose a parent further up, or none.",
  },
  parent_stopped: {
    meaning:
      "An ancestor is suspended, revoked or lost. No agent is registered, activated or resumed below it.",
    action: "Resume the ancestor first: `detail` names it. Or choose another parent, or none.",
  },
  agent_lost: {
    meaning:
      "The registry has the record of the agent, but the object that holds its state is empty. Dome refuses every request for the agent.",
    action: "See lost objects.",
  },
  workspace_lost: {
    meaning:
      "The registry has the workspace, but its object is empty. Dome refuses every request in the workspace.",
    action: "See lost objects.",
  },
  request_in_progress: {
    meaning: "An earlier request with this key has not finished.",
    action: "Retry with the same key after `Retry-After`.",
  },
  precondition_failed: {
    meaning: "`If-Match` names another version, or another change was made in between.",
    action: "Read the resource again, and repeat your change on the new version.",
  },
  body_timeout: {
    meaning: "The caller of a tool stopped sending the body of its call, and the server waited for the rest.",
    action: "Send the body without long pauses, or send it in several calls.",
  },
  body_too_large: {
    meaning: "The body is larger than every route allows, or larger than the agent's tier allows.",
    action: "Send a smaller body. `detail` gives the limit.",
  },
  unsupported_media_type: {
    meaning: "The body is not `application/json`.",
    action: "Send `Content-Type: application/json`.",
  },
  arguments_invalid: {
    meaning:
      "The call of a tool through its door is denied, because its arguments do not match the operation's schema or can be read in several ways. Nothing was sent.",
    action:
      "`errors` names the place in the arguments, such as `/query/limit`, as a JSON Pointer. Correct it.",
  },
  idempotency_mismatch: {
    meaning: "The key was used with another method, path or body.",
    action: "Use a new key for a new request.",
  },
  policy_invalid: {
    meaning: "A policy of the text cannot be read, names what does not exist, or could fail at a decision.",
    action:
      "`errors` names each place by line and column, `LINE:COLUMN`, and what to write instead. Correct the file: `dome policy validate FILE`.",
  },
  unknown_reference: {
    meaning: "The request names, for instance, a tier or a parent that does not exist.",
    action: "`errors` names the member, and `detail` the nearest match.",
  },
  rate_limited: {
    meaning:
      "The address, agent, key, operator token or workspace has sent more requests than its limit allows. With a `reason`, it is a number of the agent's tier.",
    action: "Retry after `Retry-After`. `dome tiers show` shows the numbers of a tier.",
  },
  too_many_streams: {
    meaning: "The agent has as many event streams open as it may have at a time.",
    action:
      "Close one: one stream for each process is enough. A stream whose reader has gone ends by itself.",
  },
  upstream_credential_missing: {
    meaning:
      "The tool's server needs a credential, and Dome has none that it can open for this server. Dome sends nothing without it.",
    action: "An operator types `dome tools add-secret TOOL`.",
  },
  upstream_refused: {
    meaning:
      "The tool's server answered 401, 403 or 407, or its authorization server gave Dome no token. It judged the credential of Dome, not the caller's, so the answer is not passed on. `detail` says which.",
    action:
      "An operator adds or replaces the credential: `dome tools add-secret TOOL`. The caller can do nothing.",
  },
  upstream_redirect: {
    meaning:
      "The tool's server redirects to another origin, or out of the tool's base path. Dome does not follow.",
    action: "Use the address that the server names as the tool's URL, if it is the right one.",
  },
  upstream_unreachable: {
    meaning:
      "The tool's server cannot be reached, ends the connection without an answer, or has an address that Dome does not call.",
    action: "Repeat a call that may be repeated. If it lasts, compare the URL in `dome tools show TOOL`.",
  },
  upstream_too_large: {
    meaning: "The answer is larger than the tier's `max_act_body_bytes`.",
    action: "Ask the server for less at once, or give the agent another tier.",
  },
  answer_not_redactable: {
    meaning:
      "The entry of the tool redacts answers, and Dome cannot redact this one as the entry says: it has binary content, is a stream or a part of a whole, has a type, charset or encoding that Dome does not read, claims to be JSON and is not, is nested too deeply, needs more steps than one answer may, or would be no message of its protocol any more. Nothing of it is passed on.",
    action:
      "The call may have had its effect. An operator may let what Dome does not read pass as it is, with `--redact-unreadable pass`; broken JSON, deep nesting and too many steps never pass.",
  },
  session_over: {
    meaning:
      "The `Mcp-Session-Id` is not one that Dome gave to this caller for this door, or has ended; or the tool's server has ended it.",
    action:
      "Send `initialize` without a session id, and use the id in its answer. MCP clients do it by themselves.",
  },
  upstream_failed: {
    meaning:
      "The tool's server answered with something that its protocol does not allow, or with an error of HTTP instead of an answer.",
    action: "Repeat a call that may be repeated. If it lasts, ask the operator of the server.",
  },
  upstream_timeout: {
    meaning:
      "The tool's server was silent for too long: before its answer, connecting included, or within it. `detail` says which.",
    action: "The call may have had its effect. Repeat it only if it may be repeated.",
  },
  act_too_long: {
    meaning: "The call took longer than the tier's `max_act_seconds`, its stream included.",
    action: "The call may have had its effect. Ask for less at once, or give the agent another tier.",
  },
  internal: {
    meaning: "Dome, or a service that it depends on, has failed. The answer shows no internal message.",
    action: "Look for the request id in the log. Retry a change with the same `Idempotency-Key`.",
  },
  unavailable: {
    meaning: "Dome cannot decide whether the request is allowed, or cannot make its record durable.",
    action: "Retry after `Retry-After`.",
  },
  upstream_circuit_open: {
    meaning:
      "The tool's server could not be reached, did not answer in time, or answered 502, 503 or 504, several times in a row. Dome sends it nothing for some seconds, and then tries it with one call.",
    action:
      "Repeat the call after the time in `Retry-After`. If it lasts, an operator types `dome tools test TOOL`.",
  },
  upstream_unavailable: {
    meaning: "An MCP server answered 429 or 503 instead of an answer of its protocol.",
    action: "Repeat the call later: after the time in `Retry-After`, if the server has named one.",
  },
  upstream_busy: {
    meaning:
      "Dome has as many calls of the tool's server open at once as it may have, streams included. It sends the server nothing more until one of them ends.",
    action: "Repeat the call after the time in `Retry-After`. End streams that nobody reads.",
  },
  configuration_pending: {
    meaning:
      "An earlier change of the same agent or workspace has an unknown outcome, or too many changes came at the same moment. Dome makes them one after the other, and settles an unknown outcome automatically. Stops do not wait for it.",
    action: "Retry with the same `Idempotency-Key` after `Retry-After`.",
  },
  draining: {
    meaning: "An agent of the chain takes no new work and will stop at a deadline.",
    action: "Retry after `Retry-After`, because the drain may be cancelled, or use another agent.",
  },
};
