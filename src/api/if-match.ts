/** `If-Match`: the version that the writer has read, so that two writers do not undo each other unseen. */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Refusal } from "../operations/refusal.ts";

/** `If-Match: "7"`, as `ETag` gave it (RFC 9110 §13.1.1). @returns null for `*` and no header: any version. */
export function versionOf(http: Request): Result<number | null, Refusal> {
  const header = http.headers.get("if-match");
  if (header === null || header.trim() === "*") return ok(null);
  const version = /^\s*"(\d{1,15})"\s*$/.exec(header)?.[1];
  if (version !== undefined) return ok(Number(version));
  return err({ code: "invalid_request", detail: 'If-Match must be the ETag of what you read, like "7".' });
}

/** The `ETag` of a version. */
export const etagOf = (version: number): { readonly etag: string } => ({ etag: `"${version}"` });
