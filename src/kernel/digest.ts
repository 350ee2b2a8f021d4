/**
 * Digests, MACs and key derivation. What is short is synchronous: WebCrypto imports a key for each MAC and answers in a
 * later turn, which costs several times the MAC itself.
 */
import { createHash, createHmac } from "node:crypto";
import { utf8 } from "./bytes.ts";

/** SHA-256, 32 bytes. */
export async function sha256(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/** SHA-256, 32 bytes, synchronous: for a Durable Object that must not let another request run in between. */
export function sha256Sync(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** SHA-256 of a stream, part by part; `digest` ends it. */
interface RunningDigest {
  update(part: Uint8Array): void;
  /** 32 bytes. */
  digest(): Uint8Array<ArrayBuffer>;
}

export function runningSha256(): RunningDigest {
  const hash = createHash("sha256");
  return {
    update: (part) => void hash.update(part),
    digest: () => new Uint8Array(hash.digest()),
  };
}

/** HMAC-SHA-256, 32 bytes, synchronous. */
export const hmacSha256 = (key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHmac("sha256", key).update(data).digest());

/**
 * HKDF-SHA-256 (RFC 5869) with an empty salt: the root key is already uniformly random.
 * @param label separates the uses of one root key, for instance `key-form`.
 * @returns 32 bytes.
 */
export async function hkdfSha256(
  root: Uint8Array<ArrayBuffer>,
  label: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", root, "HKDF", false, ["deriveBits"]);
  const params = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8(label) };
  return new Uint8Array(await crypto.subtle.deriveBits(params, imported, 256));
}

/** Compares two byte strings without revealing where they differ. Unequal lengths are unequal. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}
