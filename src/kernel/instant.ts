/** Times as people type them (RFC 3339), parsed strictly: `Date.parse` alone reads 30 February as 2 March. */
const FORM =
  /^(\d{4})-(\d{2})-(\d{2})(?:T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;
const LAST = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * @param text a date, or a date with a time and an offset.
 * @returns milliseconds since the epoch; null when the text is neither, or the time is before 1970.
 */
export function parseInstant(text: string): number | null {
  const [, year, month, day] = FORM.exec(text) ?? [];
  if (year === undefined) return null;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return null;
  const at = Date.parse(text);
  return at >= 0 && at <= LAST ? at : null;
}
