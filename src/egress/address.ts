/**
 * Decides which addresses Dome may call. Operators name some addresses, documents of third parties name others
 * (`jwks_uri`), and the embedded server often runs in a private network. Without these rules either source could make
 * Dome call a metadata service or a neighbouring server (SSRF).
 *
 * Everything is denied except https, on its default port, at a public name. The name is not resolved here, because it
 * could resolve to another address a moment later. Instead the network of the embedded server refuses inside addresses
 * when it connects; on the platform there are none.
 */
import { err, ok, type Result } from "../kernel/result.ts";

/**
 * Last labels that never belong to a public name: those that standards reserve (RFC 6761, 6762, 7686, 8375, 9476; ICANN
 * for `internal`, `corp`, `home` and `mail`), and those that private networks and clusters use.
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

/**
 * `public`: allowed by the rules, over a network that reaches no inside address. `listed`: an origin that an
 * administrator exempted.
 */
export type Way = "public" | "listed";

/**
 * The network over which Dome calls a URL, or the reason why it does not.
 * @param allowed origins that an administrator of the organization exempts, for instance a provider on this machine.
 */
export function wayTo(text: string, allowed: ReadonlySet<string>): Result<Way, AddressFault> {
  if (!URL.canParse(text)) return err("not_a_url");
  const url = new URL(text);
  // This check is first: a `blob:` URL takes its origin from its own text, and `data:` is fetched without a network.
  if (url.protocol !== "https:" && url.protocol !== "http:") return err("not_https");
  if (url.username !== "" || url.password !== "") return err("has_credentials");
  if (url.hash !== "") return err("has_fragment");
  if (allowed.has(url.origin)) return ok("listed");
  if (url.protocol !== "https:") return err("not_https");
  // The URL parser has already converted every spelling of an IPv4 address (decimal, octal, hexadecimal) to dotted
  // form.
  const host = url.hostname.replace(/(?<!\.)\.+$/, "");
  if (host.startsWith("[") || /^[\d.]+$/.test(host)) return err("ip_address");
  const labels = host.split(".");
  // A single label is resolved through a search list: `metadata` and `localhost` are no public names.
  if (labels.length < 2 || INSIDE.has(labels.at(-1) ?? "")) return err("private_name");
  // Other ports of a public host serve other protocols, and some of these read a request line as a command.
  if (url.port !== "") return err("port_not_listed");
  return ok("public");
}

/** Why Dome does not call this URL; null when it may. */
export function addressFault(text: string, allowed: ReadonlySet<string>): AddressFault | null {
  const way = wayTo(text, allowed);
  return way.ok ? null : way.error;
}
