/**
 * The registry stores a keyed digest of a key (P4). The pepper is derived from the root key, which is not in the
 * database, so a stolen database alone does not allow anybody to test a guess. A key has 192 random bits, so no
 * slow hash is needed.
 */
import { toHex, utf8 } from "../kernel/bytes.ts";
import { hmacSha256 } from "../kernel/digest.ts";

/**
 * @param pepper of the root-key version that made the key (`matchKeyForm` tells which); store that version beside it.
 * @param key the whole text of an API key or operator token.
 * @returns HMAC-SHA-256 as 64 lower-case hex digits.
 */
export const digestKey = (pepper: Uint8Array, key: string): string => toHex(hmacSha256(pepper, utf8(key)));
