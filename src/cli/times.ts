/** Times for people: local, and relative to now. Programs get RFC 3339 in UTC. */

const STEPS: readonly (readonly [unit: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
];

/** `3 h ago`, `in 12 d`, `now`, in the largest unit that fits. */
export function relative(iso: string, now: number): string {
  const left = Date.parse(iso) - now;
  const distance = Math.abs(left);
  const [unit, ms] = STEPS.find(([, step]) => distance >= step) ?? [];
  if (unit === undefined || ms === undefined) return "now";
  const text = `${Math.floor(distance / ms)} ${unit}`;
  return left > 0 ? `in ${text}` : `${text} ago`;
}

/**
 * Formats RFC 3339 as `2026-11-23 10:00:00 GMT+1`, with milliseconds if they are not zero. The Swedish locale writes
 * times as ISO 8601 does. The formatter is made at the first use and kept, because making it costs more than a thousand
 * uses.
 * @param timeZone returns a name of the IANA time zone database.
 */
export function localClock(timeZone: () => string): (iso: string) => string {
  let whole: Intl.DateTimeFormat | undefined;
  let exact: Intl.DateTimeFormat | undefined;
  return (iso) => {
    const ms = Date.parse(iso);
    const format =
      ms % 1_000 === 0 ? (whole ??= zoned(timeZone(), undefined)) : (exact ??= zoned(timeZone(), 3));
    return format
      .format(ms)
      .replace(",", ".")
      .replace(/GMT\+0$/, "UTC")
      .replace("\u2212", "-");
  };
}

const zoned = (timeZone: string, fractionalSecondDigits: 3 | undefined): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat("sv-SE", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits,
    timeZone,
    timeZoneName: "shortOffset",
  });
