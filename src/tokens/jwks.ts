/**
 * The public keys of this issuer (RFC 7517). `dome_use` distinguishes the two kinds for readers that check receipts
 * offline: a receipt signed with a token key is not a receipt.
 */
import { ALGORITHM, type KeyUse } from "../signing/jws.ts";
import { publishedAt, type PublicJwk, type SigningKey } from "./signing-key.ts";

interface JwksDocument {
  readonly keys: readonly (PublicJwk & {
    readonly kid: string;
    readonly use: "sig";
    readonly alg: typeof ALGORITHM;
    readonly dome_use: KeyUse;
  })[];
}

/**
 * How long readers may cache the document, in seconds. A new key must be published at least this long before it
 * signs.
 */
export const JWKS_MAX_AGE_S = 300;

/** @param now milliseconds since the epoch. */
export function jwksDocument(keys: readonly SigningKey[], now: number): JwksDocument {
  return {
    keys: publishedAt(keys, now).map(({ kid, use, publicJwk: { kty, crv, x, y } }) => ({
      kty,
      crv,
      x,
      y,
      kid,
      use: "sig",
      alg: ALGORITHM,
      dome_use: use,
    })),
  };
}
