/**
 * The id of an end user in one workspace: a digest of the identity provider and the user's subject. It is the same
 * each time and different in each workspace. It reveals the user only to somebody who knows the subject already.
 */
import { z } from "zod";
import { utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"; // RFC 4648 base32, lower-case
const CHARS = 26;

/** As a part of a larger expression. */
export const USER_ID_PATTERN = `usr_[a-z2-7]{${CHARS}}`;

export const userId = z
  .string()
  .regex(new RegExp(`^${USER_ID_PATTERN}$`), "must be usr_ and 26 characters")
  .meta({ example: "usr_mzxw6ytboi2dknrvgaztcmjqgy" });

/** An e-mail address, just well enough to tell it from an id: text on both sides of one `@`, and no spaces. */
export const address = z
  .string()
  .max(320)
  .regex(/^[^\s@]+@[^\s@]+$/, "must be usr_ and 26 characters, or an e-mail address")
  .meta({ example: "alice@example.com" });

/**
 * @param issuer `iss` of the provider. @param tenant `tid`, null where the provider has none. @param subject `sub`.
 * All three exactly as the provider's tokens have them.
 */
export function userIdOf(
  workspaceId: string,
  issuer: string,
  tenant: string | null | undefined,
  subject: string,
): `usr_${string}` {
  const digest = sha256Sync(utf8(JSON.stringify([workspaceId, issuer, tenant ?? "", subject])));
  let [bits, held, text] = [0, 0, ""];
  for (const byte of digest) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= 5 && text.length < CHARS; bits -= 5) text += ALPHABET[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
    if (text.length === CHARS) break;
  }
  return `usr_${text}`;
}
