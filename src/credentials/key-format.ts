/**
 * The form of API keys and operator tokens: prefix, 43 base62 characters (32 bytes), 6 base62 characters (CRC-32).
 *
 * The 32 bytes are 24 random ones and 8 of HMAC(form key, prefix ‖ random). A mistyped key fails its checksum, and
 * a made-up key with a correct checksum fails its MAC, before anything is looked up. So a flood of made-up keys
 * costs no database read (P1, P11). The MAC only proves that Dome made the text; whether the key exists and is live
 * is checked later. Pure: no I/O, no state.
 */
import { crc32 } from "node:zlib";
import { concat, utf8 } from "../kernel/bytes.ts";
import { equalBytes, hmacSha256 } from "../kernel/digest.ts";
import type { Random } from "../kernel/random.ts";

export type KeyKind = "agent" | "operator";

export const KEY_PREFIX: Readonly<Record<KeyKind, string>> = { agent: "dome_at_", operator: "dome_ot_" };

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BODY_LENGTH = 43; // the fewest base62 digits that hold 256 bits
const CHECKSUM_LENGTH = 6; // the fewest that hold 32 bits
const RANDOM_BYTES = 24;
const MAC_BYTES = 8;
const FORM: Readonly<Record<KeyKind, RegExp>> = {
  agent: /^dome_at_[0-9A-Za-z]{49}$/,
  operator: /^dome_ot_[0-9A-Za-z]{49}$/,
};

/**
 * Makes a key. The result is a secret: show it once, store only its digest (P4).
 * @param formKey derived from the newest root key with the label `key-form`.
 */
export async function mintKey(
  kind: KeyKind,
  formKey: Uint8Array<ArrayBuffer>,
  random: Random,
): Promise<string> {
  const nonce = random.bytes(RANDOM_BYTES);
  return textOf(KEY_PREFIX[kind], concat(nonce, macOf(kind, formKey, nonce)));
}

/**
 * Finds the form key that made this text.
 * @param formKeys one per root-key version, newest first.
 * @returns the index of that version, which is also the version of the pepper for its digest; `undefined` when no
 * version made it.
 */
export async function matchKeyForm(
  kind: KeyKind,
  text: string,
  formKeys: readonly Uint8Array<ArrayBuffer>[],
): Promise<number | undefined> {
  const bytes = bytesOf(kind, text);
  if (bytes === undefined) return undefined;
  const nonce = bytes.subarray(0, RANDOM_BYTES);
  for (const [index, formKey] of formKeys.entries()) {
    if (equalBytes(bytes.subarray(RANDOM_BYTES), macOf(kind, formKey, nonce))) return index;
  }
  return undefined;
}

/** True when Dome made this text as a key of this kind, under any of the root-key versions. */
export async function checkKeyForm(
  kind: KeyKind,
  text: string,
  formKeys: readonly Uint8Array<ArrayBuffer>[],
): Promise<boolean> {
  return (await matchKeyForm(kind, text, formKeys)) !== undefined;
}

/** The last four characters: the only part of a key that may be stored and shown. They are checksum, not secret. */
export const maskKey = (text: string): string => text.slice(-4);

/** Prefix, 32 bytes as 43 base62 digits, and the checksum over both. */
export function textOf(prefix: string, bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  const unsummed = prefix + base62(value, BODY_LENGTH);
  return unsummed + checksum(unsummed);
}

/** CRC-32 (IEEE) of prefix and body, as six base62 digits. */
export const checksum = (unsummed: string): string => base62(BigInt(crc32(unsummed)), CHECKSUM_LENGTH);

/** The 32 bytes in a key whose prefix, alphabet, length and checksum are right. */
function bytesOf(kind: KeyKind, text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!FORM[kind].test(text)) return undefined;
  const unsummed = text.slice(0, -CHECKSUM_LENGTH);
  if (checksum(unsummed) !== text.slice(-CHECKSUM_LENGTH)) return undefined;
  let value = 0n;
  for (const digit of unsummed.slice(-BODY_LENGTH)) value = value * 62n + BigInt(ALPHABET.indexOf(digit));
  if (value >> 256n !== 0n) return undefined; // 62^43 is a little more than 2^256
  const bytes = new Uint8Array(RANDOM_BYTES + MAC_BYTES);
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(value & 0xffn);
    value >>= 8n;
  }
  return bytes;
}

/** The kind is part of the MAC, so that an agent's key with another prefix is never an operator token. */
const macOf = (kind: KeyKind, formKey: Uint8Array, nonce: Uint8Array): Uint8Array<ArrayBuffer> =>
  hmacSha256(formKey, concat(utf8(KEY_PREFIX[kind]), nonce)).slice(0, MAC_BYTES);

function base62(value: bigint, length: number): string {
  let digits = "";
  for (let rest = value; rest > 0n; rest /= 62n) digits = ALPHABET.charAt(Number(rest % 62n)) + digits;
  return digits.padStart(length, "0");
}
