/** Pages of lists: the cursor is the sort key of the last item, opaque to the reader. */
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../../kernel/bytes.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { memberRefusal, type Refusal } from "./refusal.ts";

export interface Page<T> {
  readonly items: T[];
  readonly next_cursor: string | null;
}

/** @param items one more than `limit` when there is a next page. */
export function pageOf<T>(items: readonly T[], limit: number, keyOf: (item: T) => string): Page<T> {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  const more = items.length > limit && last !== undefined;
  return { items: shown, next_cursor: more ? toBase64Url(utf8(keyOf(last))) : null };
}

export const BAD_CURSOR = memberRefusal(
  "invalid_request",
  "cursor",
  "The cursor is not one this list gave out. Begin without it.",
);

/** The sort key in a cursor; undefined for the first page. */
export function afterOf(cursor: string | undefined): Result<string | undefined, Refusal> {
  if (cursor === undefined) return ok(undefined);
  try {
    return ok(fromUtf8(fromBase64Url(cursor)));
  } catch {
    return err(BAD_CURSOR);
  }
}
