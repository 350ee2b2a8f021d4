/**
 * Which addresses Dome may call. Operators name them, documents of strangers name more (`jwks_uri`), and the embedded
 * server stands in a private network: without this, either could make Dome ask a metadata service or a neighbour (SSRF).
 *
 * Denied by default: only https, on its own port, at a public name. What a name resolves to is not looked up here, because
 * it could resolve to something else a moment later: the embedded server's network refuses inside addresses as it
 * connects, and on the platform there are none.
 */
import { err, ok, type Result } from "../kernel/result.ts";

/**
 * Last labels that are nobody's public names: those that standards set aside (RFC 6761, 6762, 7686, 8375, 9476; ICANN for
 * `internal`, `corp`, `home` and `mail`), and those that networks and clusters use by themselves.
 */
const INSIDE: ReadonlySet<string> = new Set(
  [
    "localhost local test invalid onion alt arpa internal corp home mail",
    "intranet intra intern private priv lan localdomain loc workgroup domain dc",
    "svc cluster consul nomad k8s kubernetes docker containers mesh node pod service",
    "router gateway modem server nas printer prod staging stage",
  ].flatMap((line) => line.split(" ")),
);

export type AddressFault =
  | "not_a_url"
  | "not_https"
  | "has_credentials"
  | "has_fragment"
  | "ip_address"
  | "private_name"
  | "port_not_listed";

/** `public`: by the rules, over a network that reaches nothing inside. `listed`: an origin that an administrator exempts. */
export type Way = "public" | "listed";

/**
 * The way to a URL, or why Dome does not call it.
 * @param allowed origins that an administrator of the installation exempts, for instance a provider on this machine.
 */
export function wayTo(text: string, allowed: ReadonlySet<string>): Result<Way, AddressFault> {
  if (!URL.canParse(text)) return err("not_a_url");
  const url = new URL(text);
  // First of all: a `blob:` URL has the origin of what is written in it, and `data:` is fetched without any network.
  if (url.protocol !== "https:" && url.protocol !== "http:") return err("not_https");
  if (url.username !== "" || url.password !== "") return err("has_credentials");
  if (url.hash !== "") return err("has_fragment");
  if (allowed.has(url.origin)) return ok("listed");
  if (url.protocol !== "https:") return err("not_https");
  // The parser has brought every spelling of an IPv4 address (decimal, octal, hexadecimal) into dotted form already.
  const host = url.hostname.replace(/\.+$/, "");
  if (host.startsWith("[") || /^[\d.]+$/.test(host)) return err("ip_address");
  const labels = host.split(".");
  // A single label is resolved by a search list: `metadata` and `localhost` are nobody's public names.
  if (labels.length < 2 || INSIDE.has(labels.at(-1) ?? "")) return err("private_name");
  // Other services of a public host speak other protocols, and some read a request line as a command.
  if (url.port !== "") return err("port_not_listed");
  return ok("public");
}

/** Why Dome does not call this URL; null: it may. */
export function addressFault(text: string, allowed: ReadonlySet<string>): AddressFault | null {
  const way = wayTo(text, allowed);
  return way.ok ? null : way.error;
}
