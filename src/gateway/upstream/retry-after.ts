/** `Retry-After` of a server (RFC 9110 §10.2.3): seconds, or a date. */
import { isPutOff } from "./status.ts";

/** The longest time that is passed on, in milliseconds: a day. */
const MOST_MS = 86_400_000;
/** IMF-fixdate (RFC 9110 §5.6.7); the obsolete forms are not read. */
const DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * @param now in milliseconds since the epoch.
 * @returns from `now` on, in milliseconds; null: the server has named no time.
 */
export function retryAfterMs(header: string | null, now: number): number | null {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text) * 1000, MOST_MS);
  const at = DATE.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? null : Math.min(Math.max(0, at - now), MOST_MS);
}

/** Of an answer with which a server puts callers off; undefined for any other. */
export function retryAfterSeconds(
  { status, headers }: { readonly status: number; readonly headers: Headers },
  now: number,
): number | undefined {
  if (!isPutOff(status)) return undefined;
  const after = retryAfterMs(headers.get("retry-after"), now);
  return after === null ? undefined : Math.ceil(after / 1000);
}
