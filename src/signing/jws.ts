/**
 * One way in for everything Dome signs: a compact JWS, ES256, an explicit `typ`, a key of ours found by `kid`.
 *
 * The header decides nothing but which of our keys to try. It is the attacker's text until the signature holds:
 * algorithm and key family are fixed by the key, not by `alg` (RFC 8725 §3.1); a key that travels in the token is
 * refused, not ignored (§3.10 and CVE-2018-0114); each kind of token has its own `typ` and its own kind of key, so that
 * none passes as another (§3.11, §3.12).
 */
import { compactVerify, errors, type CryptoKey, type JWK } from "jose";
import { fromBase64Url, toBase64Url } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { parseObject, parseSegment, type JsonObject } from "./strict-json.ts";

/** `token` keys sign call tokens; `receipt` keys sign evidence and stay published as long as audit is kept. */
export type KeyUse = "token" | "receipt";

/**
 * A public key. A JWK is imported by the library once per object, so hand the same object in each time.
 */
export interface VerificationKey {
  readonly use: KeyUse;
  readonly key: CryptoKey | JWK;
}

/** The keys of this issuer at one time. `version` changes whenever the set does; caches hang on it. */
export interface KeySet {
  readonly version: string;
  readonly keys: ReadonlyMap<string, VerificationKey>;
}

/** Who signs: the private half of a signing key, open for use. */
export interface Signer {
  readonly kid: string;
  readonly use: KeyUse;
  readonly privateKey: CryptoKey;
}

export type JwsRefusal =
  | { readonly kind: "too_large" }
  | { readonly kind: "not_compact" }
  | { readonly kind: "malformed" }
  | { readonly kind: "critical_header" }
  | { readonly kind: "embedded_key" }
  | { readonly kind: "wrong_typ" }
  | { readonly kind: "wrong_alg" }
  | { readonly kind: "unknown_kid" }
  | { readonly kind: "wrong_key_use" }
  | { readonly kind: "bad_signature" };

export const ALGORITHM = "ES256";
export const MAX_JWS_LENGTH = 16 * 1024;

const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;
const KID = /^[A-Za-z0-9_-]{1,64}$/;
const EMBEDDED = ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"];
const SIGNATURE_LENGTH = 86; // 64 bytes, r and s (RFC 7518 §3.4)

/**
 * Checks one compact JWS and reads its payload. What the payload says is the caller's to check.
 * @param typ the only accepted type, without `application/`.
 * @param use the only accepted kind of key.
 * @throws when a key of the set is not an ES256 public key: that is a fault of ours.
 */
export async function verifyJws(
  text: string,
  typ: string,
  use: KeyUse,
  keys: KeySet["keys"],
): Promise<Result<JsonObject, JwsRefusal>> {
  if (text.length > MAX_JWS_LENGTH) return err({ kind: "too_large" });
  if (!COMPACT.test(text)) return err({ kind: "not_compact" });
  const [protectedHeader = "", , signature = ""] = text.split(".");
  const header = parseSegment(protectedHeader);
  if (header === undefined) return err({ kind: "malformed" });

  const key = chooseKey(header, typ, use, keys);
  if (!key.ok) return key;
  if (!isSignature(signature)) return err({ kind: "bad_signature" });
  try {
    const { payload } = await compactVerify(text, key.value, { algorithms: [ALGORITHM] });
    const claims = parseObject(payload);
    return claims === undefined ? err({ kind: "malformed" }) : ok(claims);
  } catch (cause) {
    if (cause instanceof errors.JWSSignatureVerificationFailed) return err({ kind: "bad_signature" });
    if (cause instanceof errors.JOSEError) return err({ kind: "malformed" });
    throw cause;
  }
}

/** Only names, types and our own table: nothing here may fetch, import, or trust. */
function chooseKey(
  header: JsonObject,
  typ: string,
  use: KeyUse,
  keys: KeySet["keys"],
): Result<VerificationKey["key"], JwsRefusal> {
  // RFC 7515 §4.1.11: what must be understood and is not must be refused. We understand no extension, `b64` included.
  if ("crit" in header || "b64" in header) return err({ kind: "critical_header" });
  if (EMBEDDED.some((name) => name in header)) return err({ kind: "embedded_key" });
  if (header["alg"] !== ALGORITHM) return err({ kind: "wrong_alg" });
  if (typeof header["typ"] !== "string" || mediaType(header["typ"]) !== typ)
    return err({ kind: "wrong_typ" });
  const kid = header["kid"];
  if (typeof kid !== "string" || !KID.test(kid)) return err({ kind: "unknown_kid" });
  const found = keys.get(kid);
  if (found === undefined) return err({ kind: "unknown_kid" });
  return found.use === use ? ok(found.key) : err({ kind: "wrong_key_use" });
}

/** RFC 7515 §4.1.9: a media type, case-insensitive, `application/` may be left out. */
const mediaType = (typ: string): string => typ.toLowerCase().replace(/^application\//, "");

/**
 * Exactly 64 bytes in their one canonical spelling: base64url's last character has four bits that decode to nothing,
 * and with them one signature would have sixteen texts.
 */
const isSignature = (segment: string): boolean =>
  segment.length === SIGNATURE_LENGTH && toBase64Url(fromBase64Url(segment)) === segment;
