/**
 * `If-Match`: the versions that the writer has read, so that a writer does not undo another writer's change
 * unknowingly.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { IfMatch } from "../operations/request/if-match.ts";
import type { Refusal } from "../operations/answer/refusal.ts";

/**
 * One tag (RFC 9110 §8.8.3) and its separator (§5.6.1: a recipient accepts empty list members). Each space can match at
 * one place only, so that there is one way to parse a list.
 */
const TAG = /[\t ]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[\t ]*)?(?:,|$)/y;
/** A version in the form of `ETag`. */
const VERSION = /^[1-9]\d{0,14}$/;

/**
 * Parses `If-Match` (RFC 9110 §13.1.1): `*`, or a list of tags that are compared strongly, so that a weak tag matches
 * nothing. A tag that Dome did not make is no version and matches nothing either. An empty header never arrives here:
 * the runtime drops it, as if it had not been sent.
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
