/**
 * The root key and the keys derived from it. Every secret that Dome makes or stores depends on it, and it is in no
 * database (P4). It is a list, newest first: data of an older version stays readable, and new data uses the newest.
 *
 * The result is plain bytes, without a CryptoKey or a promise. Derivation is asynchronous, so the composition root
 * does it once per isolate and keeps the result.
 */
import { concat, fromBase64, toBase64, toHex, utf8 } from "../kernel/bytes.ts";
import { hkdfSha256, sha256Sync } from "../kernel/digest.ts";
import { err, ok, type Result } from "../kernel/result.ts";

/** A list that has at least one element; the first is the newest. */
type NewestFirst<T> = readonly [T, ...T[]];

interface RootKey {
  /** Stable name of this version: 8 hex digits that reveal nothing about the key. */
  readonly version: string;
  readonly key: Uint8Array<ArrayBuffer>;
}
export type RootKeys = NewestFirst<RootKey>;

/** The keys derived from one root-key version, 32 bytes each. */
export interface VersionKeys {
  readonly version: string;
  /** Signs the form of API keys and operator tokens. */
  readonly formKey: Uint8Array<ArrayBuffer>;
  /** Keys the digests of API keys and operator tokens. */
  readonly pepper: Uint8Array<ArrayBuffer>;
  /** Encrypts secrets that must be read again: signing keys, upstream credentials. */
  readonly envelope: Uint8Array<ArrayBuffer>;
  /** Encrypts the cursors of lists. Not the key of the envelope: readers have as many sealed as they ask for. */
  readonly cursorKey: Uint8Array<ArrayBuffer>;
  /**
   * Encrypts the ids of MCP sessions. Not the key of the envelope: clients have as many sealed as they ask for, with
   * texts of a tool's server in them.
   */
  readonly sessionKey: Uint8Array<ArrayBuffer>;
  /** Keys the digests of arguments and personal data in the audit trail. */
  readonly auditSalt: Uint8Array<ArrayBuffer>;
}
export type DerivedKeys = NewestFirst<VersionKeys>;

/** Why a root key was refused. `position` counts from 1; the text itself is never repeated (P4). */
type RootKeyRefusal =
  | { readonly kind: "missing" }
  | { readonly kind: "too_many"; readonly most: number }
  | { readonly kind: "not_base64"; readonly position: number }
  | { readonly kind: "wrong_length"; readonly position: number; readonly bytes: number }
  | { readonly kind: "repeated"; readonly position: number };

/** `form:` and base64: the remaining part of a removed version. */
const FORM = "form:";
const ROOT_KEY_BYTES = 32;
const MOST_VERSIONS = 16; // a made-up key is tried against each of them
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Reads `DOME_ROOT_KEY`: base64 of 32 bytes, or several of them, newest first, with commas or white space between.
 * Entries that begin with `form:` are no versions: `parseRetiredForms` reads them.
 */
export function parseRootKeys(text: string): Result<RootKeys, RootKeyRefusal> {
  const keys: RootKey[] = [];
  const parts = partsOf(text);
  if (parts.length > MOST_VERSIONS) return err({ kind: "too_many", most: MOST_VERSIONS });
  for (const [index, part] of parts.entries()) {
    const position = index + 1;
    const base64 = part.startsWith(FORM) ? part.slice(FORM.length) : part;
    if (!BASE64.test(base64)) return err({ kind: "not_base64", position });
    const key = fromBase64(base64);
    if (key.length !== ROOT_KEY_BYTES) return err({ kind: "wrong_length", position, bytes: key.length });
    if (base64 !== part) continue;
    const version = versionOf(key);
    if (keys.some((earlier) => earlier.version === version)) return err({ kind: "repeated", position });
    keys.push({ version, key });
  }
  const [newest, ...older] = keys;
  return newest === undefined ? err({ kind: "missing" }) : ok([newest, ...older]);
}

/**
 * The form keys of versions that were removed from the list. They only prove that Dome made a key. Neither digests
 * nor sealed values can be computed from a form key, nor can its root-key version.
 * @param text that `parseRootKeys` has accepted.
 */
export const parseRetiredForms = (text: string): readonly Uint8Array<ArrayBuffer>[] =>
  partsOf(text)
    .filter((part) => part.startsWith(FORM))
    .map((part) => fromBase64(part.slice(FORM.length)));

/**
 * The text of `DOME_ROOT_KEY` in which one version is reduced to its form key.
 * @returns undefined when the version is not there, or is the newest.
 */
export async function retireRootKey(text: string, version: string): Promise<string | undefined> {
  const parsed = parseRootKeys(text);
  if (!parsed.ok || parsed.value[0].version === version) return undefined;
  const leaving = parsed.value.find((each) => each.version === version);
  if (leaving === undefined) return undefined;
  const form = FORM + toBase64(await hkdfSha256(leaving.key, "key-form"));
  const whole = toBase64(leaving.key);
  return partsOf(text)
    .map((part) => (part === whole ? form : part))
    .join(" ");
}

const partsOf = (text: string): string[] => text.split(/[\s,]+/).filter((part) => part !== "");

/** Derives the working keys of every version. Six HKDF runs each: do it once per isolate and keep the result. */
export async function deriveKeys(root: RootKeys): Promise<DerivedKeys> {
  const [newest, ...older] = root;
  return [await deriveVersion(newest), ...(await Promise.all(older.map(deriveVersion)))];
}

/** The purpose of a derived key is its HKDF label, so that no two uses ever share key material. */
async function deriveVersion({ version, key }: RootKey): Promise<VersionKeys> {
  const [formKey, pepper, envelope, cursorKey, sessionKey, auditSalt] = await Promise.all([
    hkdfSha256(key, "key-form"),
    hkdfSha256(key, "digest-pepper"),
    hkdfSha256(key, "envelope"),
    hkdfSha256(key, "list-cursor"),
    hkdfSha256(key, "mcp-session"),
    hkdfSha256(key, "audit-salt"),
  ]);
  return { version, formKey, pepper, envelope, cursorKey, sessionKey, auditSalt };
}

const versionOf = (key: Uint8Array<ArrayBuffer>): string =>
  toHex(sha256Sync(concat(utf8("dome-root-key-version"), key)).subarray(0, 4));
