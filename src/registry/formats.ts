/**
 * The formats that a schema may use, each checked in time linear in the text: no expression here can match a character
 * in two ways. Other formats are refused, because an unchecked format would look like a checked one.
 */

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|([+-])(\d\d):(\d\d))$/i;
const CLOCK = "T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)";
const DURATION = new RegExp(
  `^P(?:\\d+W|(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)(?:${CLOCK})?|${CLOCK})$`,
);
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const JSON_POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;
const RELATIVE_JSON_POINTER = /^(?:0|[1-9]\d*)(?:#|(?:\/(?:[^~/]|~[01])*)*)$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+$/i;
const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const HEX_GROUP = /^[0-9a-f]{1,4}$/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const URI_CHARACTERS = /^(?:[a-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9a-f]{2})*$/i;
const WEB = /^(?:https?|ftp):\/\/\S+$/i;

const LONGEST_HOST = 253;
const LONGEST_LABEL = 63;
const LONGEST_LOCAL_PART = 64;
const LONGEST_IPV6 = 45;

export const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ["date", isDate],
  ["time", isTime],
  [
    "date-time",
    (text) => /^t$/i.test(text.charAt(10)) && isDate(text.slice(0, 10)) && isTime(text.slice(11)),
  ],
  ["duration", (text) => DURATION.test(text)],
  ["email", isEmail],
  ["hostname", isHostname],
  ["ipv4", isIpv4],
  ["ipv6", isIpv6],
  ["uri", (text) => SCHEME.test(text) && isUriReference(text)],
  ["uri-reference", isUriReference],
  ["url", (text) => WEB.test(text) && URL.canParse(text)],
  ["uuid", (text) => UUID.test(text)],
  ["json-pointer", (text) => JSON_POINTER.test(text)],
  ["relative-json-pointer", (text) => RELATIVE_JSON_POINTER.test(text)],
]);

function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days;
}

/** RFC 3339 §5.6; second 60 is allowed only as the last second of a day in UTC. */
function isTime(text: string): boolean {
  const [, hour = "", minute = "", second = "", sign, offsetHour = "0", offsetMinute = "0"] =
    TIME.exec(text) ?? [];
  if (hour === "" || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return false;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return false;
  if (Number(second) < 60) return true;
  const offset = (sign === "-" ? -1 : 1) * (Number(offsetHour) * 60 + Number(offsetMinute));
  const DAY = 24 * 60;
  return (Number(hour) * 60 + Number(minute) - offset + DAY) % DAY === DAY - 1;
}

/** RFC 5321 §4.1.2, without quoted local parts and addresses in brackets. */
function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(at, 0));
  return (
    local.length <= LONGEST_LOCAL_PART &&
    local.split(".").every((part) => LOCAL_PART.test(part)) &&
    isHostname(text.slice(at + 1))
  );
}

/** RFC 1123 §2.1. */
function isHostname(text: string): boolean {
  if (text.length > LONGEST_HOST) return false;
  return text.split(".").every((label) => label.length <= LONGEST_LABEL && LABEL.test(label));
}

function isIpv4(text: string): boolean {
  const octets = text.length > 15 ? [] : text.split(".");
  return octets.length === 4 && octets.every((octet) => OCTET.test(octet) && Number(octet) <= 255);
}

/**
 * RFC 4291 §2.2: eight groups. `::` replaces one or more of them, and the last two may be written as an IPv4 address.
 */
function isIpv6(text: string): boolean {
  if (text.length > LONGEST_IPV6) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? [];
  const ending = last.at(-1) ?? "";
  const hasIpv4 = ending.includes(".");
  if (hasIpv4) {
    if (!isIpv4(ending)) return false;
    last.splice(-1, 1, "0", "0");
  }
  const all = groups.flat();
  return (
    all.every((group) => HEX_GROUP.test(group)) && (halves.length === 2 ? all.length < 8 : all.length === 8)
  );
}

/** RFC 3986 §4.1: its characters, one fragment, and brackets only around an address. */
function isUriReference(text: string): boolean {
  if (!URI_CHARACTERS.test(text)) return false;
  const fragment = text.indexOf("#");
  if (fragment !== -1 && text.indexOf("#", fragment + 1) !== -1) return false;
  const beforeQuery = text.slice(0, firstOf(text, "?", "#"));
  const scheme = SCHEME.exec(beforeQuery)?.[0] ?? "";
  const rest = beforeQuery.slice(scheme.length);
  if (!rest.startsWith("//")) {
    const [first = ""] = rest.split("/", 1);
    return !/[[\]]/.test(text) && (scheme !== "" || !first.includes(":"));
  }
  const end = rest.indexOf("/", 2);
  const authority = end === -1 ? rest.slice(2) : rest.slice(2, end);
  const behind = text.slice(scheme.length + 2 + authority.length);
  return !/[[\]]/.test(behind) && isAuthority(authority);
}

function isAuthority(authority: string): boolean {
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  if (!host.startsWith("[")) return !/[[\]]/.test(authority) && /^[^:]*(?::\d*)?$/.test(host);
  const [address = "", port = ""] = host.slice(1).split("]", 2);
  return isIpv6(address) && /^(?::\d*)?$/.test(port) && host.split("]").length === 2;
}

const firstOf = (text: string, ...signs: readonly string[]): number => {
  const found = signs.map((sign) => text.indexOf(sign)).filter((at) => at !== -1);
  return found.length === 0 ? text.length : Math.min(...found);
};
