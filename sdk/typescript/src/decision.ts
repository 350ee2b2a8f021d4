/**
 * The answer to "may I?". An allow comes from the service, for this very question, and from nowhere else; what this
 * package answers by itself is a deny, and says that it is local.
 */
import { members, Mismatch, text, texts, textOrNull, type Decoder } from "./decode.ts";
import { ApiError, type Change, type DomeError } from "./errors.ts";

/** Why this package denied by itself. The list is closed; the reasons of the service are in docs/reasons. */
export type LocalReason =
  | "closed" // this client was closed
  | "stopped" // the agent is not active: provisioned, suspended, revoked, or its workspace is halted
  | "draining" // the agent takes no new work, and is stopped at a deadline
  | "credential_refused" // the service does not accept the key or token
  | "delegation_refused" // the service does not accept the user's or the other agent's token
  | "invalid_request" // the question cannot be asked like this
  | "unavailable"; // no answer that can be read came in time

/** The answer to one question. */
export interface Decision {
  /** What was decided. */
  readonly decision: "allow" | "deny";
  /** True for an allow. */
  readonly allowed: boolean;
  /** A code: of docs/reasons, or a LocalReason where `local`. */
  readonly reason: string;
  /** Why, for people. */
  readonly detail: string;
  /** True: this package denied by itself, and the service has no record of it. */
  readonly local: boolean;
  /** What an operator explains it by; null where the service has not decided. */
  readonly decisionId: string | null;
  /** What an operator of the service searches for; null where no answer came. */
  readonly requestId: string | null;
  /** The layer that decided; `sdk` where `local`. */
  readonly layer: string;
  /** What would turn a deny around; null where nothing is known to. */
  readonly change: Change | null;
  /** The policies that decided. */
  readonly policies: readonly string[];
  /** Of the policies; null where `local`. */
  readonly bundleVersion: string | null;
  /** The transaction, which everything that follows from one request has in common. */
  readonly txn: string | null;
}

/** A decision of the service. */
export const decisionOf: Decoder<Decision> = (value) => {
  const body = members(value);
  const decision = text(body, "decision");
  if (decision !== "allow" && decision !== "deny") throw new Mismatch("decision: is neither allow nor deny");
  const change = body["change"];
  return Object.freeze({
    decision,
    allowed: decision === "allow",
    reason: text(body, "reason"),
    detail: text(body, "detail"),
    local: false,
    decisionId: text(body, "decision_id"),
    requestId: text(body, "request_id"),
    layer: text(body, "layer"),
    change: change === null || change === undefined ? null : changeOf(change),
    policies: texts(body, "policies"),
    bundleVersion: text(body, "bundle_version"),
    txn: text(body, "txn"),
  });
};

const changeOf: Decoder<Change> = (value) => {
  const body = members(value, "change");
  return {
    detail: text(body, "detail"),
    command: textOrNull(body, "command"),
    role: textOrNull(body, "role"),
  };
};

/** @param known what the service has said of it nevertheless. */
export const localDeny = (
  reason: LocalReason,
  detail: string,
  known: Partial<Pick<Decision, "decisionId" | "requestId" | "txn">> = {},
): Decision =>
  Object.freeze({
    decision: "deny",
    allowed: false,
    reason,
    detail,
    local: true,
    decisionId: known.decisionId ?? null,
    requestId: known.requestId ?? null,
    layer: "sdk",
    change: null,
    policies: [],
    bundleVersion: null,
    txn: known.txn ?? null,
  });

/** What a failure to ask is: a deny, whatever failed. */
export function denyFor(fault: DomeError): Decision {
  return localDeny(localReason(fault), fault.message, { requestId: fault.requestId });
}

function localReason(fault: DomeError): LocalReason {
  if (fault.code === "invalid_argument") return "invalid_request";
  if (fault.code === "invalid_credential") return "credential_refused";
  if (fault.code === "invalid_subject") return "delegation_refused";
  if (!(fault instanceof ApiError)) return "unavailable";
  const { status, code, domeError } = fault;
  if (code === "draining" || domeError === "agent_draining") return "draining";
  if (domeError?.startsWith("agent_") === true) return "stopped";
  if (DELEGATION.test(domeError ?? code)) return "delegation_refused";
  if (status === 401) return "credential_refused";
  return status === 429 || status >= 500 ? "unavailable" : "invalid_request";
}

/** What the token endpoint says of the tokens of others, and of the right to act for them. */
const DELEGATION = /^(?:subject|actor|chain|actas)_/;
