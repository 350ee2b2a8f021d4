/** Times for people: local, and relative to now. Programs get RFC 3339 in UTC. */

const STEPS: readonly { readonly unit: string; readonly ms: number }[] = [
  { unit: "d", ms: 86_400_000 },
  { unit: "h", ms: 3_600_000 },
  { unit: "min", ms: 60_000 },
  { unit: "s", ms: 1_000 },
];

const stepOf = (distance: number) => STEPS.find(({ ms }) => distance >= ms);

/**
 * `3 h ago`, `in 12 d`, `now`, in the largest unit that fits. What has passed is counted in whole units; what is to come
 * is rounded, because a key that was made a moment ago to last `8h` ends in 8 hours, not in 7.
 */
export function relative(iso: string, now: number): string {
  const left = Date.parse(iso) - now;
  if (left > 0) return ahead(left);
  const step = stepOf(-left);
  return step === undefined ? "now" : `${Math.floor(-left / step.ms)} ${step.unit} ago`;
}

function ahead(left: number): string {
  const step = stepOf(left);
  if (step === undefined) return "now";
  // 59 minutes and 40 seconds are 60 minutes, which is one hour.
  const rounded = Math.round(left / step.ms) * step.ms;
  const { unit, ms } = stepOf(rounded) ?? step;
  return `in ${rounded / ms} ${unit}`;
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
