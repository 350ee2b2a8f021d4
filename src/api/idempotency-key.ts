/** `Idempotency-Key` identifies a request, so that a repeat has no second effect (P12). */
import type { Operator } from "../access/operator.ts";
import { concat, toHex, utf8 } from "../kernel/bytes.ts";
import { hmacSha256, sha256 } from "../kernel/digest.ts";
import { holdsCredential } from "../kernel/redact.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Refusal } from "../operations/answer/refusal.ts";
import type { SentKey } from "../storage/idempotency.ts";

const KEY = /^[\x21-\x7e]{1,255}$/;
const MUTATING = new Set(["POST", "PATCH", "PUT", "DELETE"]);

/**
 * @param pepper keys the digest of a body that holds a secret: without it the secret could be guessed from what is kept.
 * Null: the body holds none.
 * @returns null where no key was sent, or the method changes nothing.
 */
export async function requestKeyOf(
  http: Request,
  body: Uint8Array<ArrayBuffer>,
  operator: Operator | null,
  pepper: Uint8Array<ArrayBuffer> | null,
): Promise<Result<SentKey | null, Refusal>> {
  const key = http.headers.get("idempotency-key");
  if (key === null || operator === null || !MUTATING.has(http.method)) return ok(null);
  if (!KEY.test(key) || holdsCredential(key)) {
    return err({
      code: "invalid_request",
      detail: "Idempotency-Key must be 1 to 255 visible ASCII characters, and must not be a credential.",
    });
  }
  const { pathname, searchParams } = new URL(http.url);
  searchParams.delete("wait"); // how long to wait is not part of the request
  const line = utf8(`${http.method} ${pathname}?${searchParams.toString()}\n`);
  const sent = concat(line, body);
  const digest = pepper === null ? await sha256(sent) : hmacSha256(pepper, sent);
  return ok({ subject: operator.subject, key, bodyDigest: toHex(digest) });
}
