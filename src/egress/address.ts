/**
 * Which addresses Dome may call. Operators name them, documents of strangers name more (`jwks_uri`), and the embedded
 * server stands in a private network: without this, either could make Dome ask a metadata service or a neighbour (SSRF).
 */

/** Names that mean something only inside of a network. */
const INSIDE = [".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".onion"];

export type AddressFault =
  "not_a_url" | "not_https" | "has_credentials" | "has_fragment" | "ip_address" | "private_name";

/**
 * Why Dome does not call this URL; null: it may.
 * @param allowed origins that an administrator of the installation exempts, for instance a provider on this machine.
 */
export function addressFault(text: string, allowed: ReadonlySet<string>): AddressFault | null {
  if (!URL.canParse(text)) return "not_a_url";
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return "has_credentials";
  if (url.hash !== "") return "has_fragment";
  if (allowed.has(url.origin)) return null;
  if (url.protocol !== "https:") return "not_https";
  // The parser has brought every spelling of an IPv4 address (decimal, octal, hexadecimal) into dotted form already.
  const host = url.hostname.replace(/\.+$/, "");
  if (host.startsWith("[") || /^[\d.]+$/.test(host)) return "ip_address";
  // A single label is resolved by a search list: `metadata` and `localhost` are nobody's public names.
  if (!host.includes(".") || INSIDE.some((end) => host.endsWith(end))) return "private_name";
  return null;
}
