/**
 * Values of arguments in headers (2026-07-28, "Value Encoding"): a text that a header holds as it is stands as it is;
 * any other stands as `=?base64?…?=` around its UTF-8.
 */
import { fromBase64, fromUtf8, toBase64, utf8 } from "../kernel/bytes.ts";

const [PREFIX, SUFFIX] = ["=?base64?", "?="];
/** RFC 4648 §4 with its padding: the only spelling, so that two headers are not one value. */
const CANONICAL = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Visible ASCII, with spaces and tabs inside only: a parser of headers strips them at the ends (RFC 9110 §5.5). */
const PLAIN = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

const isWrapped = (value: string): boolean =>
  value.startsWith(PREFIX) && value.endsWith(SUFFIX) && value.length >= PREFIX.length + SUFFIX.length;

export const encodeHeaderValue = (value: string): string =>
  PLAIN.test(value) && !isWrapped(value) ? value : PREFIX + toBase64(utf8(value)) + SUFFIX;

/** @returns null when the value says that it is base64 and is not, or is not UTF-8. */
export function decodeHeaderValue(value: string): string | null {
  const trimmed = value.replace(/^[\t ]+/, "").trimEnd();
  if (!isWrapped(trimmed)) return trimmed;
  const base64 = trimmed.slice(PREFIX.length, -SUFFIX.length);
  if (!CANONICAL.test(base64)) return null;
  try {
    return fromUtf8(fromBase64(base64));
  } catch {
    return null;
  }
}
