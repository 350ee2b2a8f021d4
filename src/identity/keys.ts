/** The public keys in a provider's JWKS. Keys that cannot safely verify a signature are left out (ID-2). */
import type { JWK } from "jose";
import { fromBase64Url } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isWeakEd25519, isWeakRsa } from "./weak-keys.ts";

/**
 * Every algorithm with which a provider may sign. No HS*: with a shared secret every client could issue tokens. No
 * `none`.
 */
export const ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"] as const;

/** A key that may verify. The JWK has public members only, and the library imports it once per object. */
export interface ProviderKey {
  readonly kid: string | null;
  readonly algorithms: readonly string[];
  readonly jwk: JWK;
}

export interface KeyDocument {
  readonly keys: readonly ProviderKey[];
  /** How many entries of the document were left out. */
  readonly ignored: number;
}

type KeysFault = "not_a_key_set" | "too_many_keys";

const MAX_KEYS = 100;
const MAX_KID_LENGTH = 256;
const MIN_RSA_BITS = 2_048;
/** More keys would only cost time at each verification. */
const MAX_RSA_BITS = 8_192;
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

export function parseKeys(document: unknown): Result<KeyDocument, KeysFault> {
  const entries: unknown =
    typeof document === "object" && document !== null && "keys" in document ? document.keys : undefined;
  if (!Array.isArray(entries)) return err("not_a_key_set");
  if (entries.length > MAX_KEYS) return err("too_many_keys");
  const keys = entries.flatMap((entry: unknown) => parseKey(entry) ?? []);
  return ok({ keys, ignored: entries.length - keys.length });
}

function parseKey(entry: unknown): ProviderKey | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const jwk = entry as Readonly<Record<string, unknown>>;
  // A private key that was published: any reader could sign with it.
  if (PRIVATE.some((member) => member in jwk)) return undefined;
  if (jwk["use"] !== undefined && jwk["use"] !== "sig") return undefined;
  const operations = jwk["key_ops"];
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify")))
    return undefined;
  const { kid = null } = jwk;
  if (kid !== null && (typeof kid !== "string" || kid.length > MAX_KID_LENGTH)) return undefined;
  const family = familyOf(jwk);
  if (family === undefined) return undefined;
  const { alg } = jwk;
  const algorithms = alg === undefined ? family.algorithms : family.algorithms.filter((each) => each === alg);
  return algorithms.length === 0 ? undefined : { kid, algorithms, jwk: family.jwk };
}

/** By curve: the algorithm, and the bytes of a coordinate (RFC 7518 §6.2.1.2). */
const CURVES: ReadonlyMap<string, { readonly algorithm: string; readonly bytes: number }> = new Map([
  ["P-256", { algorithm: "ES256", bytes: 32 }],
  ["P-384", { algorithm: "ES384", bytes: 48 }],
]);
const ED25519_BYTES = 32;

interface Family {
  readonly algorithms: readonly string[];
  readonly jwk: JWK;
}

function familyOf(jwk: Readonly<Record<string, unknown>>): Family | undefined {
  const text = (member: string): string => (typeof jwk[member] === "string" ? jwk[member] : "");
  switch (jwk["kty"]) {
    case "RSA": {
      const [n, e] = [bytesOf(text("n")), bytesOf(text("e"))];
      const bits = bitsOf(n);
      if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS || isWeakRsa(n, e)) return undefined;
      return { algorithms: ["RS256", "PS256"], jwk: { kty: "RSA", n: text("n"), e: text("e") } };
    }
    case "EC": {
      const curve = CURVES.get(text("crv"));
      if (curve === undefined) return undefined;
      if ([text("x"), text("y")].some((each) => bytesOf(each).length !== curve.bytes)) return undefined;
      return {
        algorithms: [curve.algorithm],
        jwk: { kty: "EC", crv: text("crv"), x: text("x"), y: text("y") },
      };
    }
    case "OKP": {
      const point = bytesOf(text("x"));
      if (text("crv") !== "Ed25519" || point.length !== ED25519_BYTES || isWeakEd25519(point))
        return undefined;
      return { algorithms: ["EdDSA", "Ed25519"], jwk: { kty: "OKP", crv: "Ed25519", x: text("x") } };
    }
    default:
      return undefined;
  }
}

/** The length of a modulus without its leading zeros: zero bytes in front do not make a key longer. */
function bitsOf(modulus: Uint8Array): number {
  const first = modulus.findIndex((byte) => byte !== 0);
  const top = modulus[first];
  return top === undefined ? 0 : (modulus.length - first - 1) * 8 + (32 - Math.clz32(top));
}

/** None when the text is not base64url. */
function bytesOf(text: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch {
    return new Uint8Array();
  }
}
