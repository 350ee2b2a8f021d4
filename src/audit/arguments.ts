/** The ledger keeps a keyed digest of a call's arguments: equal arguments can be found, and none can be read. */
import type { AuditDraft } from "../contract/audit.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { hmacSha256 } from "../kernel/digest.ts";
import { redactJson } from "../kernel/redact.ts";
import { canonical } from "../kernel/canonical.ts";

type Json = NonNullable<AuditDraft["arguments"]>;

/**
 * @param salt keyed by the root key, so that nobody can try a small set of possible arguments offline.
 * @param clear true where the tool's catalog entry allows clear text.
 * @param args as parsed from JSON; undefined when the call had none.
 */
export function recordableArguments(
  salt: Uint8Array,
  clear: boolean,
  args: unknown,
): Pick<AuditDraft, "arguments" | "arguments_digest"> {
  if (args === undefined) return {};
  const digest = `hmac-sha256:${toHex(hmacSha256(salt, utf8(canonical(args))))}`;
  if (!clear) return { arguments_digest: digest };
  // Clear text, as far as the tool's entry can allow it. Dome's own credentials are always masked (P4).
  return { arguments_digest: digest, arguments: redactJson(args) as Json };
}
