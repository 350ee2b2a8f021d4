/**
 * What is stored of a key: a keyed digest (P4). A stolen database alone cannot even test a guess, because the pepper
 * is derived from the root key, which is not in it. A key has 192 random bits, so no slow hash is needed.
 */
import { toHex, utf8 } from "../kernel/bytes.ts";
import { hmacSha256 } from "../kernel/digest.ts";

/**
 * @param pepper of the root-key version that made the key (`matchKeyForm` tells which); store that version beside it.
 * @param key the whole text of an API key or operator token.
 * @returns HMAC-SHA-256 as 64 lower-case hex digits.
 */
export async function digestKey(pepper: Uint8Array<ArrayBuffer>, key: string): Promise<string> {
  return toHex(await hmacSha256(pepper, utf8(key)));
}
