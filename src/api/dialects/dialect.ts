/**
 * A dialect is how a door says everything that is no success. Each route names one, so that whoever calls it gets every
 * answer in the shape that its client library reads: what the door refuses, what the handler refuses, and what breaks.
 */
import type { ResponseConfig } from "@asteasolutions/zod-to-openapi";
import type { Refusal } from "../../operations/answer/refusal.ts";

/** What an answer is about. */
export interface About {
  readonly requestId: string;
  /** Parameters of the challenge that a 401 carries beside its error code (RFC 9110 §11.6.1); empty for none. */
  readonly challenge: string;
}

/**
 * `unavailable`: nothing can be decided now, so the caller may ask again (503 with `Retry-After`).
 * `internal`: something broke (500). Neither says a word of what happened inside.
 */
export type Fault = "unavailable" | "internal";

/** What any door may have to say, whatever its routes do. */
export interface DoorDialect {
  readonly name: "problem" | "oauth";
  /** What the door refuses before a handler runs: the credential (with a challenge), the form of the request, a limit. */
  decline(refusal: Refusal, about: About): Response;
  fault(fault: Fault, about: About): Response;
  /** RFC 9110 §15.5.6. @param allow the methods that the path takes, as `Allow` lists them. */
  methodNotAllowed(allow: string, about: About): Response;
  /** How the OpenAPI document describes all of these. */
  readonly documented: ResponseConfig;
}

/** A dialect with the refusals that its handlers make. */
export interface Dialect<R> extends DoorDialect {
  refuse(refusal: R, about: About): Response;
}
