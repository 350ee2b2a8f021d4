/**
 * A dialect is the form in which a door answers everything except success. Each route names one, so that its callers
 * get every refusal and fault in the form that their client library reads.
 */
import type { ResponseConfig } from "@asteasolutions/zod-to-openapi";
import type { RequestId } from "../../mcp/json-members.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";

/** The facts about the request that an answer needs. */
export interface About {
  readonly requestId: string;
  /** Parameters of the challenge in a 401, in addition to its error code (RFC 9110 §11.6.1); empty for none. */
  readonly challenge: string;
  /** The id of a JSON-RPC request, where it is known; only its dialect says it. */
  readonly rpcId?: RequestId | null;
}

/**
 * `unavailable`: nothing can be decided now, so the caller may repeat the request (503 with `Retry-After`). `internal`:
 * a failure (500). Neither reveals an internal message.
 */
export type Fault = "unavailable" | "internal";

/** The answers that any door may give. */
export interface DoorDialect {
  readonly name: "problem" | "oauth" | "jsonrpc";
  /**
   * A refusal of the door before a handler runs: of the credential (with a challenge), of the form of the request, or
   * by a limit.
   */
  decline(refusal: Refusal, about: About): Response;
  fault(fault: Fault, about: About): Response;
  /**
   * The answer for another method (RFC 9110 §15.5.6).
   * @param allow the methods of the path, in the form of `Allow`.
   */
  methodNotAllowed(allow: string, about: About): Response;
  /** How the OpenAPI document describes these answers. */
  readonly documented: ResponseConfig;
}

/** A dialect that also words the refusals of its handlers. */
export interface Dialect<R> extends DoorDialect {
  refuse(refusal: R, about: About): Response;
}
