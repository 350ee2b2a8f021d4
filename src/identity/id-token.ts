/**
 * Checks the form of an ID token before anything in it is trusted. The header only selects which of the provider's
 * keys to try. A header that asks for more (an embedded key, an extension, another type) is refused (RFC 8725 §3.1,
 * §3.10, §3.11).
 */
import { fromBase64Url, toBase64Url } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { parseSegment, type JsonObject } from "../signing/strict-json.ts";
import { ALGORITHMS } from "./keys.ts";
import type { IdentityRefusal } from "./provider.ts";

export interface ReadToken {
  readonly text: string;
  readonly algorithm: string;
  /** Null: the token names no key. */
  readonly kid: string | null;
  /** The claims, unverified. */
  readonly claims: JsonObject;
  /** The `iss` claim, unverified. */
  readonly issuer: string;
}

export const MAX_ID_TOKEN_LENGTH = 16 * 1024;
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const EMBEDDED = ["jwk", "jku", "x5u", "x5c"];
const MAX_KID_LENGTH = 256;

const malformed = (why: string): Result<never, IdentityRefusal> => err({ kind: "malformed", why });

export function readIdToken(text: string): Result<ReadToken, IdentityRefusal> {
  if (text.length > MAX_ID_TOKEN_LENGTH) return malformed("too_large");
  if (!COMPACT.test(text)) return malformed("not_compact");
  const [head = "", body = "", signature = ""] = text.split(".");
  const header = parseSegment(head);
  const claims = parseSegment(body);
  if (header === undefined || claims === undefined) return malformed("not_json");
  if ("crit" in header || "b64" in header) return malformed("critical_header");
  if (EMBEDDED.some((member) => member in header)) return malformed("embedded_key");
  const { typ, alg, kid = null } = header;
  // An access token has the type at+jwt (RFC 9068 §4), a logout token logout+jwt. Neither proves that a user is
  // present.
  if (typ !== undefined && (typeof typ !== "string" || !/^(?:application\/)?jwt$/i.test(typ)))
    return malformed("wrong_typ");
  if (typeof alg !== "string" || !(ALGORITHMS as readonly string[]).includes(alg))
    return err({ kind: "wrong_algorithm" });
  if (kid !== null && (typeof kid !== "string" || kid.length > MAX_KID_LENGTH))
    return err({ kind: "unknown_key" });
  if (!isCanonical(signature)) return err({ kind: "bad_signature" });
  const why = otherKind(claims);
  if (why !== null) return malformed(why);
  const { iss } = claims;
  if (typeof iss !== "string") return err({ kind: "missing_claim", claim: "iss" });
  return ok({ text, algorithm: alg, kid, claims, issuer: iss });
}

/**
 * Claims that only other kinds of tokens have, for providers that do not use `typ`. An access token is meant for
 * the API that it names, not for any holder (ID-8). A logout token says that the user has left.
 */
function otherKind(claims: JsonObject): string | null {
  if ("events" in claims) return "a_logout_token";
  const isAccess =
    "scp" in claims || "scope" in claims || claims["token_use"] === "access" || claims["typ"] === "Bearer";
  return isAccess ? "an_access_token" : null;
}

/** A signature must have one spelling: the last character of base64url can have bits that decode to nothing. */
function isCanonical(signature: string): boolean {
  try {
    return toBase64Url(fromBase64Url(signature)) === signature;
  } catch {
    return false;
  }
}
