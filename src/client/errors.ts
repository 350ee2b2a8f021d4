/**
 * What can go wrong between a program and the control plane: one class per family, one base for all.
 * `code` is stable; `requestId` is what an operator of the service searches for. No message carries a credential.
 */
import type { ReceivedProblem } from "../contract/problem.ts";
import { isProblemCode, type ProblemCode } from "../contract/problem-codes.ts";

/** Everything this client throws. */
export class DomeError extends Error {
  override readonly name: string = "DomeError";
  readonly code: string;
  /** A change was asked for, and may have been made although this was thrown: look before asking again. */
  maybeDone = false;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
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

/** An answer that is not one of this API: a proxy's page, a redirect, another service, another major version. */
export class UnreadableAnswerError extends DomeError {
  override readonly name = "UnreadableAnswerError";
  readonly status: number;
  readonly requestId: string | null;

  constructor(message: string, answer: { status: number; requestId: string | null }) {
    super("unreadable_answer", message);
    this.status = answer.status;
    this.requestId = answer.requestId;
  }
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string | null;
  /** RFC 9457; null for the token endpoint, whose errors have the form of RFC 6749 §5.2. */
  readonly problem: ReceivedProblem | null;
  /** What the token endpoint adds to its few registered codes, for instance `agent_suspended`. */
  readonly domeError: string | null;
  /** What `Retry-After` asked for, in milliseconds. */
  readonly retryAfterMs: number | null;
}

/** The service answered, and the answer is no. */
export class ApiError extends DomeError {
  override readonly name: string = "ApiError";
  readonly status: number;
  readonly requestId: string | null;
  readonly problem: ReceivedProblem | null;
  readonly domeError: string | null;
  readonly retryAfterMs: number | null;
  /** The code, where it is one of the API's closed list; null: an OAuth error, or a code of a newer service. */
  readonly problemCode: ProblemCode | null;

  constructor(refusal: Refusal) {
    super(refusal.code, refusal.detail);
    this.problemCode = refusal.problem !== null && isProblemCode(refusal.code) ? refusal.code : null;
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
