/**
 * What can go wrong between a program and Dome: one class per family, one base for all. `code` is stable; `requestId` is
 * what an operator of the service searches for. No message carries a credential.
 */
import { withoutSecrets } from "./secrets.ts";

/** What would turn a deny around. Agents get it without the command: `command` and `role` are null for them. */
export interface Change {
  /** What is to be changed, for people. */
  readonly detail: string;
  /** What an operator types; null for an agent. */
  readonly command: string | null;
  /** The role that may change it; null for an agent. */
  readonly role: string | null;
}

/** Everything this package throws. */
export class DomeError extends Error {
  /** The name of the class. */
  override readonly name: string = "DomeError";
  /** Stable: of docs/problems.md, docs/reasons, or of this package. */
  readonly code: string;
  /** Of the decision that this is about; null: it is about none. */
  readonly decisionId: string | null = null;
  /** Of the request that failed; null: no answer came. */
  readonly requestId: string | null = null;
  /** What would turn a deny around; null: nothing is known. */
  readonly change: Change | null = null;
  /** A change was asked for, and may have been made although this was thrown: look before asking again. */
  maybeDone = false;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(withoutSecrets(message), options);
    this.code = code;
  }
}

/** An argument or option that cannot be right: the program must change. */
export class ConfigurationError extends DomeError {
  override readonly name = "ConfigurationError";
  /**
   * @param code what is wrong: an argument, or what a function of the program gave as the agent's credential, or as the
   * token of a user or another agent.
   */
  constructor(
    message: string,
    code: "invalid_argument" | "invalid_credential" | "invalid_subject" = "invalid_argument",
  ) {
    super(code, message);
  }
}

/** A function of the program that gives the key or a token has failed. */
export class CredentialUnavailableError extends DomeError {
  override readonly name = "CredentialUnavailableError";
  constructor(message: string, options?: ErrorOptions) {
    super("credential_unavailable", message, options);
  }
}

/** No answer: the name does not resolve, nothing listens, the connection broke. */
export class ConnectionError extends DomeError {
  override readonly name = "ConnectionError";
  /** The request may have reached the service. */
  readonly sent: boolean;

  constructor(message: string, options: ErrorOptions & { readonly sent: boolean }) {
    super("connection_failed", message, options);
    this.sent = options.sent;
  }
}

/** No answer in time. */
export class TimeoutError extends DomeError {
  override readonly name = "TimeoutError";
  constructor(message: string, options?: ErrorOptions) {
    super("timed_out", message, options);
  }
}

/** The program that asked does not want the answer any more. */
export class CancelledError extends DomeError {
  override readonly name = "CancelledError";
  constructor(message = "the request was cancelled") {
    super("cancelled", message);
  }
}

/** An answer that is not one of this API: a proxy's page, a redirect, another service, another major version. */
export class UnreadableAnswerError extends DomeError {
  override readonly name = "UnreadableAnswerError";
  override readonly requestId: string | null;
  /** The HTTP status of the answer. */
  readonly status: number;

  constructor(message: string, answer: { readonly status: number; readonly requestId: string | null }) {
    super("unreadable_answer", message);
    this.status = answer.status;
    this.requestId = answer.requestId;
  }
}

/** Why a `Dome-Context` is not one that counts here; `keys_unavailable`: nobody can say. */
export type ContextFault =
  | "context_missing"
  | "context_malformed"
  | "context_wrong_type"
  | "context_wrong_algorithm"
  | "context_unknown_key"
  | "context_bad_signature"
  | "context_wrong_issuer"
  | "context_wrong_audience"
  | "context_not_yet_valid"
  | "context_expired"
  | "keys_unavailable";

/** A call does not come from Dome as it says, or not for this server. It must not be let in. */
export class ContextError extends DomeError {
  override readonly name = "ContextError";
  override readonly code: ContextFault;

  constructor(code: ContextFault, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.code = code;
  }
}

/** RFC 9457, as the service sends it. */
export interface Problem {
  /** The URL of the page about this code. */
  readonly type: string;
  /** The same for every problem of this code. */
  readonly title: string;
  /** The HTTP status. */
  readonly status: number;
  /** What is wrong with this request, and what to do next. */
  readonly detail: string;
  /** Names this one occurrence. */
  readonly instance: string;
  /** For programs: docs/problems.md. */
  readonly code: string;
  /** What is wrong with which member of the request. */
  readonly errors?:
    | readonly {
        /** Where it is. */
        readonly member: string;
        /** What is wrong with it. */
        readonly detail: string;
      }[]
    | undefined;
}

/** A refusal of the service, whatever its form. */
export interface Refusal {
  /** The HTTP status. */
  readonly status: number;
  /** For programs: docs/problems.md. */
  readonly code: string;
  /** What is wrong, for people. */
  readonly detail: string;
  /** What an operator of the service searches for. */
  readonly requestId: string | null;
  /** Null for the token endpoint, whose errors have the form of RFC 6749 §5.2. */
  readonly problem: Problem | null;
  /** What the token endpoint adds to its few registered codes, for instance `agent_suspended`. */
  readonly domeError: string | null;
  /** What `Retry-After` asked for, in milliseconds. */
  readonly retryAfterMs: number | null;
}

/** The service answered, and the answer is no. */
export class ApiError extends DomeError {
  override readonly name: string = "ApiError";
  override readonly requestId: string | null;
  /** The HTTP status. */
  readonly status: number;
  /** As the service sent it; null for the token endpoint, whose errors have another form. */
  readonly problem: Problem | null;
  /** What the token endpoint adds to its few registered codes, for instance `agent_suspended`. */
  readonly domeError: string | null;
  /** After how long the service asks to be asked again, in milliseconds; null where it does not say. */
  readonly retryAfterMs: number | null;

  constructor(refusal: Refusal) {
    super(refusal.code, refusal.detail);
    this.status = refusal.status;
    this.requestId = refusal.requestId;
    this.problem = refusal.problem;
    this.domeError = refusal.domeError;
    this.retryAfterMs = refusal.retryAfterMs;
  }
}

/** 400, 413, 415, 422 and other 4xx: the request must change before it can succeed. */
export class InvalidRequestError extends ApiError {
  override readonly name = "InvalidRequestError";
}
/** 401: no credential, or one that is not valid here (any more). */
export class NotAuthenticatedError extends ApiError {
  override readonly name = "NotAuthenticatedError";
}
/** 403: the credential is valid and does not allow this. */
export class ForbiddenError extends ApiError {
  override readonly name = "ForbiddenError";
}
/** 404: no such thing, or not yours. */
export class NotFoundError extends ApiError {
  override readonly name = "NotFoundError";
}
/** 409 and 412: the state of things does not allow it now. */
export class ConflictError extends ApiError {
  override readonly name = "ConflictError";
}
/** 429 and 503: later it may work. */
export class UnavailableError extends ApiError {
  override readonly name = "UnavailableError";
}
/** Any other 5xx: something broke inside the service. */
export class ServerError extends ApiError {
  override readonly name = "ServerError";
}

/** The error class of a status. */
export function apiError(refusal: Refusal): ApiError {
  switch (refusal.status) {
    case 401:
      return new NotAuthenticatedError(refusal);
    case 403:
      return new ForbiddenError(refusal);
    case 404:
      return new NotFoundError(refusal);
    case 409:
    case 412:
      return new ConflictError(refusal);
    case 429:
    case 503:
      return new UnavailableError(refusal);
    default:
      return refusal.status >= 500 ? new ServerError(refusal) : new InvalidRequestError(refusal);
  }
}
