/** `If-Match`: the versions that the writer has read, so that two writers do not undo each other unseen. */
import { err, ok, type Result } from "../kernel/result.ts";
import type { IfMatch } from "../operations/request/if-match.ts";
import type { Refusal } from "../operations/answer/refusal.ts";

/**
 * RFC 9110 §8.8.3, and what parts one from the next (§5.6.1: a recipient also takes empty members of a list). Spaces are
 * taken at one place each, so that there is one way to read them.
 */
const TAG = /[\t ]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[\t ]*)?(?:,|$)/y;
/** A version as `ETag` shows it. */
const VERSION = /^[1-9]\d{0,14}$/;

/**
 * `If-Match`, as `ETag` gave it (RFC 9110 §13.1.1): `*`, or a list of tags that are compared strongly, so that a weak one
 * matches nothing. A tag that this service did not make is no version, and matches nothing either.
 * An empty header does not get here: the runtime drops it, as if it had not been sent.
 */
export function ifMatchOf(http: Request): Result<IfMatch, Refusal> {
  const header = http.headers.get("if-match");
  if (header === null || header.trim() === "*") return ok(null);
  const versions: number[] = [];
  TAG.lastIndex = 0;
  while (TAG.lastIndex < header.length) {
    const [, weak, opaque] = TAG.exec(header) ?? [];
    if (TAG.lastIndex === 0) {
      const detail = 'If-Match must be the ETag of what you read, like "7", a list of them, or *.';
      return err({ code: "invalid_request", detail });
    }
    if (weak === undefined && opaque !== undefined && VERSION.test(opaque)) versions.push(Number(opaque));
  }
  return ok(versions);
}

/** The `ETag` of a version. */
export const etagOf = (version: number): { readonly etag: string } => ({ etag: `"${version}"` });
