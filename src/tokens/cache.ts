/**
 * Remembers which token texts have been verified, so that a repeated call costs no signature check.
 *
 * The key is the whole text: a cache by `jti` or by a prefix would return one token's claims for another. An entry
 * ends with the token's `exp`, and with the key set that verified it, so that tokens signed by a compromised key
 * are dropped with the key. Conditions that change with time or door (expiry, audience) are not cached: the
 * verifier checks them again. Bounded plain data, so it may live in a module global.
 */
import type { CallTokenClaims } from "../contract/call-token.ts";

export class VerificationCache {
  readonly #limit: number;
  #keySetVersion = "";
  readonly #entries = new Map<string, CallTokenClaims>();

  /** @param limit entries; the least recently used leaves first. A full cache holds some 2 kB per entry. */
  constructor(limit = 5000) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @param now milliseconds since the epoch. */
  get(token: string, keySetVersion: string, now: number): CallTokenClaims | undefined {
    this.#useKeySet(keySetVersion);
    const claims = this.#entries.get(token);
    if (claims === undefined) return undefined;
    this.#entries.delete(token);
    if (now >= claims.exp * 1000) return undefined;
    this.#entries.set(token, claims); // again at the end: most recently used
    return claims;
  }

  /** Called only by the verifier, with claims whose signature it has just checked. */
  put(token: string, keySetVersion: string, claims: CallTokenClaims): void {
    this.#useKeySet(keySetVersion);
    this.#entries.set(token, claims);
    if (this.#entries.size <= this.#limit) return;
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }

  /** Two sets in use at once (a request that began before a rotation) cause cache misses, never a wrong hit. */
  #useKeySet(version: string): void {
    if (version === this.#keySetVersion) return;
    this.#entries.clear();
    this.#keySetVersion = version;
  }
}
