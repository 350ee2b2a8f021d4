/** Pages of lists. The cursor is the sort key of the last item, opaque to the reader. */
import { MCP_TOOL_NAME_PATTERN } from "../../contract/tool-operation.ts";
import { USER_ID_PATTERN } from "../../contract/user-id.ts";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../../kernel/bytes.ts";
import { NAME_PATTERN } from "../../contract/words.ts";
import { ID_PREFIXES, idPattern } from "../../kernel/ids.ts";
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

/**
 * A page of a list that is whole in memory, in an order of its own.
 * @param after the key of the last item of the page before.
 */
export function pageBehind<T>(
  items: readonly T[],
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
  keyOf: (item: T) => string,
): Result<Page<T>, Refusal> {
  const from = after === undefined ? 0 : items.findIndex((item) => keyOf(item) === after) + 1;
  if (after !== undefined && from === 0) return err(BAD_CURSOR);
  return ok(pageOf(items.slice(from), limit, keyOf));
}

export const BAD_CURSOR = memberRefusal(
  "invalid_request",
  "cursor",
  "The cursor is not from this list. Repeat the request without a cursor.",
);

/** The id of a signing key: a SHA-256 thumbprint (RFC 7638) in base64url. */
const THUMBPRINT = "[A-Za-z0-9_-]{43}";

/** The form of sort keys: a name, an id, or the id of a tool with the name of an operation. */
const SORT_KEY = new RegExp(
  `^(?:(?:tier:)?${NAME_PATTERN}|${idPattern("tol").source.slice(1, -1)}/${MCP_TOOL_NAME_PATTERN}|${THUMBPRINT}|${USER_ID_PATTERN}|${ID_PREFIXES.map((prefix) => idPattern(prefix).source.slice(1, -1)).join("|")})$`,
);

/** The sort key in a cursor; undefined for the first page. */
export function afterOf(cursor: string | undefined): Result<string | undefined, Refusal> {
  if (cursor === undefined) return ok(undefined);
  const key = cursorText(cursor);
  return key !== undefined && SORT_KEY.test(key) && toBase64Url(utf8(key)) === cursor
    ? ok(key)
    : err(BAD_CURSOR);
}

/** The text in a cursor; undefined when it cannot be decoded. */
export function cursorText(cursor: string): string | undefined {
  try {
    return fromUtf8(fromBase64Url(cursor));
  } catch {
    return undefined; // not base64url, or no UTF-8 inside
  }
}
