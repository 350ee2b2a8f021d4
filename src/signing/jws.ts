/**
 * One path for everything that Dome signs: a compact JWS, ES256, an explicit `typ`, a key of Dome's found by `kid`.
 *
 * The header only selects which of Dome's keys to try. Until the signature is verified, the header is the
 * attacker's text. The key fixes algorithm and key family, not `alg` (RFC 8725 §3.1). A key inside the token is
 * refused, not ignored (§3.10 and CVE-2018-0114). Each kind of token has its own `typ` and its own kind of key, so
 * that none passes as another (§3.11, §3.12).
 */
import { compactVerify, errors, type CryptoKey, type JWK } from "jose";
import { fromBase64Url, toBase64Url } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { parseObject, parseSegment, type JsonObject } from "./strict-json.ts";

/** `token` keys sign call tokens; `receipt` keys sign evidence and stay published as long as audit is kept. */
export type KeyUse = "token" | "receipt";

/**
 * A public key. The library imports a JWK once per object, so pass the same object each time.
 */
export interface VerificationKey {
  readonly use: KeyUse;
  readonly key: CryptoKey | JWK;
}

/** The keys of this issuer at one time. `version` changes whenever the set does; caches depend on it. */
export interface KeySet {
  readonly version: string;
  readonly keys: ReadonlyMap<string, VerificationKey>;
}

/** A signer: the private half of a signing key, open for use. */
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
 * Checks one compact JWS and reads its payload. The caller must check the payload's contents.
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

/** Which key a verified text was signed with. @param text that `verifyJws` has taken. */
export function kidOf(text: string): string {
  const kid = parseSegment(text.split(".", 1)[0] ?? "")?.["kid"];
  if (typeof kid !== "string") throw new Error("a text that was verified names no key");
  return kid;
}

/** Only names, types and Dome's own table: this code must not fetch, import, or trust anything. */
function chooseKey(
  header: JsonObject,
  typ: string,
  use: KeyUse,
  keys: KeySet["keys"],
): Result<VerificationKey["key"], JwsRefusal> {
  // RFC 7515 §4.1.11: an extension marked critical that is not understood must be refused. Dome understands none,
  // `b64` included.
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
export const mediaType = (typ: string): string => typ.toLowerCase().replace(/^application\//, "");

/**
 * Exactly 64 bytes in their one canonical spelling. Base64url's last character has four bits that decode to
 * nothing, and without this check one signature would have sixteen texts.
 */
const isSignature = (segment: string): boolean =>
  segment.length === SIGNATURE_LENGTH && toBase64Url(fromBase64Url(segment)) === segment;
