/**
 * Encryption of secrets that Dome must read again: private signing keys, upstream credentials (P4). AES-256-GCM
 * under a key derived from the root key. The text names its root-key version, so that a rotation of the root key
 * needs no migration. Version and context are authenticated, so that a sealed value that is copied to another row,
 * or relabelled, does not open.
 */
import { concat, fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../kernel/bytes.ts";
import type { Random } from "../kernel/random.ts";
import { err, ok, type Result } from "../kernel/result.ts";

/** The part of a root-key version that seals. `DerivedKeys` fits. */
export interface EnvelopeKey {
  readonly version: string;
  readonly envelope: Uint8Array<ArrayBuffer>;
}

export type EnvelopeRefusal =
  | { readonly kind: "malformed" }
  | { readonly kind: "unknown_root_key"; readonly version: string }
  | { readonly kind: "not_authentic" };

const IV_BYTES = 12; // NIST SP 800-38D §8.2: 96 bits; random, so at most 2^32 seals under one key
const SEALED = /^dome_sealed_1\.([0-9a-f]{8})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{22,})$/;

/**
 * @param keys newest first; the first one seals.
 * @param context names the secret and its holder, for instance `signing-key:token:KID`. It is not stored; it is
 * needed to open the value.
 */
export async function seal(
  keys: readonly [EnvelopeKey, ...EnvelopeKey[]],
  plaintext: string,
  context: string,
  random: Random,
): Promise<string> {
  const { version, envelope } = keys[0];
  const iv = concat(random.bytes(IV_BYTES));
  const key = await crypto.subtle.importKey("raw", envelope, "AES-GCM", false, ["encrypt"]);
  const sealed = await crypto.subtle.encrypt(algorithm(iv, version, context), key, utf8(plaintext));
  return `dome_sealed_1.${version}.${toBase64Url(iv)}.${toBase64Url(new Uint8Array(sealed))}`;
}

/**
 * @param keys every version that may have sealed it.
 * @param context the context it was sealed with; with any other the result is `not_authentic`.
 */
export async function open(
  keys: readonly EnvelopeKey[],
  sealed: string,
  context: string,
): Promise<Result<string, EnvelopeRefusal>> {
  const [, version, iv, ciphertext] = SEALED.exec(sealed) ?? [];
  if (version === undefined || iv === undefined || ciphertext === undefined)
    return err({ kind: "malformed" });
  const known = keys.find((candidate) => candidate.version === version);
  if (known === undefined) return err({ kind: "unknown_root_key", version });
  const bytes = canonicalBytes(ciphertext);
  if (bytes === undefined) return err({ kind: "malformed" });
  const key = await crypto.subtle.importKey("raw", known.envelope, "AES-GCM", false, ["decrypt"]);
  try {
    const plaintext = await crypto.subtle.decrypt(algorithm(fromBase64Url(iv), version, context), key, bytes);
    return ok(fromUtf8(new Uint8Array(plaintext)));
  } catch (cause) {
    // WebCrypto reports a wrong tag by this one name, without details.
    if (cause instanceof DOMException && cause.name === "OperationError")
      return err({ kind: "not_authentic" });
    throw cause;
  }
}

/** The root-key version that a value is sealed under; undefined when the text is no sealed value. */
export const sealedUnder = (sealed: string): string | undefined => SEALED.exec(sealed)?.[1];

const TAG_BYTES = 16;

/** How many characters a sealed text has. @param plaintext its length in bytes. */
export const sealedLength = (plaintext: number): number =>
  "dome_sealed_1.".length + 8 + 1 + base64UrlLength(IV_BYTES) + 1 + base64UrlLength(plaintext + TAG_BYTES);

const base64UrlLength = (bytes: number): number => Math.ceil((bytes * 4) / 3);

const algorithm = (iv: Uint8Array<ArrayBuffer>, version: string, context: string) => ({
  name: "AES-GCM",
  iv,
  additionalData: utf8(`dome_sealed_1.${version}.${context}`),
});

/** Refuses base64url with stray low bits in its last character: a value must have one spelling. */
function canonicalBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = fromBase64Url(text);
  return toBase64Url(bytes) === text ? bytes : undefined;
}
