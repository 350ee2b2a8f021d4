/** The id of a user: stable for one account at one provider, and another one in every workspace (ID-6). */
import { utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";
import type { WorkspaceId } from "../kernel/ids.ts";
import type { UserId } from "./provider.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
/** 26 characters of five bits each: the first 130 bits of the digest. */
const CHARACTERS = 26;

/**
 * @param tenant the `tid` of the token, or "": issuers that serve many tenants may reuse a subject between them.
 */
export function userId(workspace: WorkspaceId, issuer: string, tenant: string, subject: string): UserId {
  // JSON, so that no two lists of parts run together into one text.
  const digest = sha256Sync(utf8(JSON.stringify([workspace, issuer, tenant, subject])));
  let text = "";
  for (let index = 0; index < CHARACTERS; index += 1) {
    const bit = index * 5;
    const pair = ((digest[bit >> 3] ?? 0) << 8) | (digest[(bit >> 3) + 1] ?? 0);
    text += ALPHABET.charAt((pair >> (11 - (bit & 7))) & 31);
  }
  return `usr_${text}`;
}
