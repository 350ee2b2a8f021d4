/**
 * The root key and what is derived from it. Every secret that Dome makes or keeps hangs on it, and it is in no
 * database (P4). It is a list, newest first: what an older version made stays readable, new things use the newest.
 *
 * Only plain bytes come back, no CryptoKey and no promise: deriving is asynchronous, the composition root does it once
 * per isolate, and holding the result is its business.
 */
import { concat, fromBase64, toHex, utf8 } from "../kernel/bytes.ts";
import { hkdfSha256, sha256Sync } from "../kernel/digest.ts";
import { err, ok, type Result } from "../kernel/result.ts";

/** A list that has at least one element; the first is the newest. */
type NewestFirst<T> = readonly [T, ...T[]];

export interface RootKey {
  /** Stable name of this version: 8 hex digits that tell nothing about the key. */
  readonly version: string;
  readonly key: Uint8Array<ArrayBuffer>;
}
export type RootKeys = NewestFirst<RootKey>;

/** What one root-key version yields, 32 bytes each. */
export interface VersionKeys {
  readonly version: string;
  /** Signs the form of API keys and operator tokens. */
  readonly formKey: Uint8Array<ArrayBuffer>;
  /** Keys the digests of API keys and operator tokens. */
  readonly pepper: Uint8Array<ArrayBuffer>;
  /** Encrypts what must be read again: signing keys, upstream credentials. */
  readonly envelope: Uint8Array<ArrayBuffer>;
  /** Keys the digests of arguments and personal data in the audit trail. */
  readonly auditSalt: Uint8Array<ArrayBuffer>;
}
export type DerivedKeys = NewestFirst<VersionKeys>;

/** Why a root key was refused. `position` counts from 1; the text itself is never repeated (P4). */
export type RootKeyRefusal =
  | { readonly kind: "missing" }
  | { readonly kind: "too_many"; readonly most: number }
  | { readonly kind: "not_base64"; readonly position: number }
  | { readonly kind: "wrong_length"; readonly position: number; readonly bytes: number }
  | { readonly kind: "repeated"; readonly position: number };

const ROOT_KEY_BYTES = 32;
const MOST_VERSIONS = 16; // a made-up key is tried against each of them
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Reads `DOME_ROOT_KEY`: base64 of 32 bytes, or several of them, newest first, with commas or white space between.
 */
export function parseRootKeys(text: string): Result<RootKeys, RootKeyRefusal> {
  const keys: RootKey[] = [];
  const parts = text.split(/[\s,]+/).filter((part) => part !== "");
  if (parts.length > MOST_VERSIONS) return err({ kind: "too_many", most: MOST_VERSIONS });
  for (const [index, part] of parts.entries()) {
    const position = index + 1;
    if (!BASE64.test(part)) return err({ kind: "not_base64", position });
    const key = fromBase64(part);
    if (key.length !== ROOT_KEY_BYTES) return err({ kind: "wrong_length", position, bytes: key.length });
    const version = versionOf(key);
    if (keys.some((earlier) => earlier.version === version)) return err({ kind: "repeated", position });
    keys.push({ version, key });
  }
  const [newest, ...older] = keys;
  return newest === undefined ? err({ kind: "missing" }) : ok([newest, ...older]);
}

/** Derives the working keys of every version. Four HKDF runs each: do it once per isolate and keep the result. */
export async function deriveKeys(root: RootKeys): Promise<DerivedKeys> {
  const [newest, ...older] = root;
  return [await deriveVersion(newest), ...(await Promise.all(older.map(deriveVersion)))];
}

/** The purpose of a derived key is its HKDF label, so that no two uses ever share key material. */
async function deriveVersion({ version, key }: RootKey): Promise<VersionKeys> {
  const [formKey, pepper, envelope, auditSalt] = await Promise.all([
    hkdfSha256(key, "key-form"),
    hkdfSha256(key, "digest-pepper"),
    hkdfSha256(key, "envelope"),
    hkdfSha256(key, "audit-salt"),
  ]);
  return { version, formKey, pepper, envelope, auditSalt };
}

const versionOf = (key: Uint8Array<ArrayBuffer>): string =>
  toHex(sha256Sync(concat(utf8("dome-root-key-version"), key)).subarray(0, 4));
