/** What no door forwards to the server behind a tool, whatever its kind. */
import { holdsCredential } from "../kernel/redact.ts";
import type { Refusal } from "../operations/answer/refusal.ts";
import { holdsTokenOf } from "../signing/own-tokens.ts";

const invalid = (detail: string): Refusal => ({ code: "invalid_request", detail });

/** Ways that a door does not go: to another protocol, or in a circle. */
export function refusedWay(headers: Headers): Refusal | undefined {
  if (headers.has("upgrade")) {
    return invalid("The door does not forward upgrades such as WebSocket. Use HTTP requests and streams.");
  }
  if (headers.has("dome-context") || /\bdome\b/i.test(headers.get("via") ?? "")) {
    return invalid("The call has come through Dome already: the URL of a tool leads back here.");
  }
  return undefined;
}

/** Where in a call a credential is out of place. */
export type Place = "path" | "query" | "header" | "body";

/** What of a call would reach a server: each as text, in which no escape hides a letter; undefined: it is not read. */
type Leaving = Readonly<Partial<Record<Place, string>>>;

/** Headers in which a caller shows its credentials to Dome. None of them is forwarded. */
const FOR_DOME: readonly string[] = ["authorization", "dome-act-as"];

/**
 * Where a call holds a credential that no server may get (P10): a key of Dome, a token that Dome has signed, whoever
 * holds it, and what this very call authenticates with. A token of anybody else's in a body is the caller's data. In a path or
 * a query no token is: what stands there is kept in logs.
 */
export function misplacedIn(
  { headers }: Request,
  { path = "", query = "", body = "" }: Leaving,
  issuer: string,
): Place | undefined {
  const presented = FOR_DOME.map((each) => (headers.get(each) ?? "").replace(/^Bearer +/i, ""));
  const holds = (text: string): boolean => {
    const plain = withoutPercents(text);
    return /dome_[ao]t_[0-9A-Za-z]{49}/.test(plain) || holdsTokenOf(plain, issuer, presented);
  };
  if (holdsCredential(path)) return "path";
  if (holdsCredential(query)) return "query";
  const others = [...headers].filter(([name]) => !FOR_DOME.includes(name)).map(([, value]) => value);
  if (others.some(holds)) return "header";
  return holds(body) ? "body" : undefined;
}

/** A URI or a form inside a text has escapes of its own (RFC 3986 §2.1). */
const withoutPercents = (text: string): string =>
  text.replaceAll(/%([2-7][0-9A-Fa-f])/g, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)));
