/**
 * From bytes to a verified call token (RFC 9068 §4, RFC 8725). Pure over a key set: no I/O, no clock of its own. A
 * `VerifiedToken` proves that Dome signed the token for this door and that it has not expired. It does not prove
 * that its agents are alive: the lease check decides that at every use (P3).
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { VerificationCache } from "./cache.ts";
import { callTokenClaims, TOKEN_TYPE, type CallTokenClaims } from "../contract/call-token.ts";
import { verifyJws, type JwsRefusal, type KeySet } from "../signing/jws.ts";

/** Not exported, and nominal by its private member: only this file can make one. */
class Verified {
  readonly #claims: CallTokenClaims;
  constructor(claims: CallTokenClaims) {
    this.#claims = claims;
  }
  get claims(): CallTokenClaims {
    return this.#claims;
  }
}
export type VerifiedToken = Verified;

/** Operators may see the exact reason; callers get `invalid_token` for all of them. */
export type TokenRefusal =
  | JwsRefusal
  | { readonly kind: "bad_claims"; readonly member: string }
  | { readonly kind: "wrong_issuer" }
  | { readonly kind: "wrong_audience" }
  | { readonly kind: "not_yet_valid" }
  | { readonly kind: "expired" };

export interface VerifyOptions {
  /** Dome's own issuer, byte for byte. */
  readonly issuer: string;
  /**
   * The audiences accepted at this door: the public URL, and the door's own URL. `any` is for callers that ask
   * about a token (introspection, revocation), never for a door that acts on one.
   */
  readonly audiences: readonly string[] | "any";
  readonly keySet: KeySet;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly cache?: VerificationCache;
}

/** Clocks of isolates differ. A token from further ahead than this was not made by a correct one. Seconds. */
const MAX_IAT_AHEAD_S = 60;

export async function verifyCallToken(
  token: string,
  options: VerifyOptions,
): Promise<Result<VerifiedToken, TokenRefusal>> {
  const { keySet, now, cache } = options;
  const known = cache?.get(token, keySet.version, now);
  if (known !== undefined) return acceptHere(known, options);

  const payload = await verifyJws(token, TOKEN_TYPE, "token", keySet.keys);
  if (!payload.ok) return payload;
  const claims = callTokenClaims.safeParse(payload.value);
  if (!claims.success)
    return err({ kind: "bad_claims", member: String(claims.error.issues[0]?.path[0] ?? "") });
  cache?.put(token, keySet.version, claims.data);
  return acceptHere(claims.data, options);
}

/** Conditions that depend on the door and the time; checked at every use, also for a cached token. */
function acceptHere(claims: CallTokenClaims, options: VerifyOptions): Result<VerifiedToken, TokenRefusal> {
  const now = options.now / 1000;
  if (claims.iss !== options.issuer) return err({ kind: "wrong_issuer" });
  if (options.audiences !== "any" && !options.audiences.includes(claims.aud))
    return err({ kind: "wrong_audience" });
  if (claims.iat > now + MAX_IAT_AHEAD_S || (claims.nbf ?? 0) > now) return err({ kind: "not_yet_valid" });
  if (now >= claims.exp) return err({ kind: "expired" }); // RFC 7519 §4.1.4: on or after; no leeway for our own clock
  return ok(new Verified(claims));
}
