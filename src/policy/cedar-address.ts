/** An IP address as Cedar reads it, which is narrower than what a platform may report. */

const PART = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${PART}(?:\\.${PART}){3}$`);
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUP = /^[0-9a-f]{1,4}$/i;

/** @returns null when the text is no address that Cedar can read. */
export function cedarAddress(text: string): string | null {
  const [, mapped] = MAPPED.exec(text) ?? [];
  const address = mapped ?? text;
  if (IPV4.test(address)) return address;
  return isIPv6(address) ? address : null;
}

/** RFC 4291 §2.2, forms 1 and 2. Cedar takes no zone and no IPv4 within. */
function isIPv6(text: string): boolean {
  const [head = "", tail, more] = text.split("::");
  if (more !== undefined || text === "") return false;
  const groups = (part: string): readonly string[] => (part === "" ? [] : part.split(":"));
  const all = [...groups(head), ...groups(tail ?? "")];
  return all.every((group) => GROUP.test(group)) && (tail === undefined ? all.length === 8 : all.length < 8);
}
