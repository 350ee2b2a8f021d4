/**
 * The parameters of a token exchange (RFC 8693 §2.1), read from a form. Faults of the request itself are reported
 * here; faults of the tokens in it are found later.
 */
import type { Audience } from "../contract/audience.ts";
import { parseScope, type Scope } from "../contract/scope.ts";
import { holdsCredential } from "../kernel/redact.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { requestedAudience, type UnknownTarget } from "./target.ts";

const TYPE = "urn:ietf:params:oauth:token-type:";
export const ACCESS_TOKEN_TYPE = `${TYPE}access_token`;

type SubjectType = "access_token" | "id_token" | "jwt";
const SUBJECT_TYPES: ReadonlyMap<string, SubjectType> = new Map([
  [ACCESS_TOKEN_TYPE, "access_token"],
  [`${TYPE}id_token`, "id_token"],
  [`${TYPE}jwt`, "jwt"],
]);
/** Only Dome's own call tokens can be actor tokens: by the type that says so, or as a JWT. */
const ACTOR_TYPES: readonly string[] = [ACCESS_TOKEN_TYPE, `${TYPE}jwt`];

export interface ExchangeParameters {
  readonly subjectToken: string;
  readonly subjectType: SubjectType;
  readonly actorToken: string | undefined;
  readonly scope: Scope | undefined;
  /** The requested door, in its one spelling, and the tool behind it. */
  readonly audience: Audience | undefined;
}

export type ExchangeRequestRefusal =
  | { readonly kind: "malformed"; readonly detail: string }
  | { readonly kind: "invalid_scope"; readonly detail: string }
  | UnknownTarget;

const malformed = (detail: string): ExchangeRequestRefusal => ({ kind: "malformed", detail });

/** @param form one value per parameter; empty ones have been left out (TX-6). Unknown ones are ignored. */
export function parseExchange(
  form: ReadonlyMap<string, string>,
  issuer: string,
): Result<ExchangeParameters, ExchangeRequestRefusal> {
  const subjectToken = form.get("subject_token");
  const subjectType = form.get("subject_token_type");
  if (subjectToken === undefined) return err(malformed("subject_token is missing"));
  if (subjectType === undefined) return err(malformed("subject_token_type is missing"));
  const known = SUBJECT_TYPES.get(subjectType);
  if (known === undefined) {
    return err(malformed(`subject_token_type must be one of ${[...SUBJECT_TYPES.keys()].join(", ")}`));
  }
  const actorToken = form.get("actor_token");
  const actorType = form.get("actor_token_type");
  if ((actorToken === undefined) !== (actorType === undefined)) {
    return err(malformed("actor_token and actor_token_type go together"));
  }
  if (actorType !== undefined && !ACTOR_TYPES.includes(actorType)) {
    return err(malformed(`actor_token_type must be one of ${ACTOR_TYPES.join(", ")}`));
  }
  if ((form.get("requested_token_type") ?? ACCESS_TOKEN_TYPE) !== ACCESS_TOKEN_TYPE) {
    return err(malformed(`requested_token_type can only be ${ACCESS_TOKEN_TYPE}`));
  }
  // RFC 9396: a token must not be granted as if details that Dome does not understand had not been requested.
  if (form.has("authorization_details")) return err(malformed("authorization_details is not supported"));

  const scope = requestedScope(form.get("scope"));
  if (!scope.ok) return scope;
  const audience = requestedAudience(form, issuer);
  if (!audience.ok) return audience;
  return ok({ subjectToken, subjectType: known, actorToken, scope: scope.value, audience: audience.value });
}

/**
 * The scope is recorded, and anybody can read it in the token, so it must not hold a key in place of an operation
 * (P4).
 */
export function requestedScope(
  text: string | undefined,
): Result<Scope | undefined, { readonly kind: "invalid_scope"; readonly detail: string }> {
  if (text === undefined) return ok(undefined);
  const scope = parseScope(text);
  if (!scope.ok) return err({ kind: "invalid_scope", detail: scope.error.kind });
  return holdsCredential(text) ? err({ kind: "invalid_scope", detail: "credential" }) : scope;
}
