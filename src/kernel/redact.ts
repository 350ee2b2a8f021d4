/**
 * Finds credentials in text and masks them (P4). Anybody can send such a text, on every route, so the scanner reads
 * each character a fixed number of times.
 *
 * Credentials are API keys and operator tokens of Dome, and compact JWS and JWE (RFC 7515 §7.1, RFC 7516 §7.1), whose
 * first part is the base64url of `{"` and so begins with `eyJ`.
 */
import { masked, REDACTED, type Span } from "./spans.ts";

const JSON_BEGINS = "eyJ";
const PREFIX_LENGTH = "dome_at_".length;
/** The length of an API key or operator token after its prefix, in characters. */
const SECRET_LENGTH = 49;
/** The length of the shortest header or claims, in characters, with `eyJ`. */
const LEAST_PART = 11;

/** The part of a string that the scanner uses. */
export interface Characters {
  readonly length: number;
  charCodeAt(index: number): number;
}

interface CredentialSpan extends Span {
  readonly kind: "dome" | "token";
}

/** Masks API keys, operator tokens and signed or encrypted tokens anywhere in a text. */
export const redact = (text: string): string => masked(text, credentialsIn(text));

/**
 * The beginning of a text, masked.
 * @param most how much of the text is read, in UTF-16 code units. A token that is cut off at that point is masked too.
 */
export const redactStart = (text: string, most: number): string =>
  text.length <= most ? redact(text) : masked(text.slice(0, most), credentialsIn(text.slice(0, most), true));

/**
 * True when the text holds a whole API key, operator token or signed token. Such a text must not be stored or repeated.
 */
export const holdsCredential = (text: string): boolean =>
  credentialsIn(text).some(({ start, end, kind }) =>
    kind === "dome" ? end - start >= PREFIX_LENGTH + SECRET_LENGTH : holdsToken(text.slice(start, end)),
  );

/**
 * The positions of the credentials, from left to right, without overlaps. A token extends to the last character that a
 * token may contain.
 * @param cut true when the text is the beginning of a longer one, so that its last token may lack its dots.
 */
export function credentialsIn(text: Characters, cut = false): readonly CredentialSpan[] {
  const spans: CredentialSpan[] = [];
  let json = -1;
  let dots = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : SPACE;
    if (!isInToken(code)) {
      if (json !== -1 && (dots >= 2 || (cut && at === text.length))) {
        while ((spans.at(-1)?.start ?? -1) >= json) spans.pop();
        spans.push({ start: json, end: at, kind: "token" });
      }
      [json, dots] = [-1, 0];
    } else if (json !== -1 && code === DOT) dots += 1;
    else if (json === -1 && code === SMALL_E && beginsJson(text, at)) json = at;
    else if (code === UNDERSCORE && endsPrefix(text, at)) {
      const end = endOfSecret(text, at + 1);
      if (end > at + 1) spans.push({ start: at + 1 - PREFIX_LENGTH, end, kind: "dome" });
      at = end - 1;
    }
  }
  return spans;
}

const [SPACE, HYPHEN, DOT, UNDERSCORE, SMALL_A, SMALL_E, SMALL_O] = [
  0x20, 0x2d, 0x2e, 0x5f, 0x61, 0x65, 0x6f,
];

const isLetterOrDigit = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= SMALL_A && code <= 0x7a);

const isInToken = (code: number): boolean =>
  isLetterOrDigit(code) || code === DOT || code === UNDERSCORE || code === HYPHEN;

const isAt = (text: Characters, at: number, word: string): boolean => {
  for (let index = 0; index < word.length; index += 1) {
    if (text.charCodeAt(at + index) !== word.charCodeAt(index)) return false;
  }
  return true;
};

/** `eyJ` and at least one more character of the same part. */
const beginsJson = (text: Characters, at: number): boolean => {
  if (at + JSON_BEGINS.length >= text.length || !isAt(text, at, JSON_BEGINS)) return false;
  const next = text.charCodeAt(at + JSON_BEGINS.length);
  return isInToken(next) && next !== DOT;
};

/** True when `dome_at_` or `dome_ot_` ends here. */
function endsPrefix(text: Characters, at: number): boolean {
  const start = at + 1 - PREFIX_LENGTH;
  if (start < 0 || !isAt(text, start, "dome_") || !isAt(text, at - 1, "t_")) return false;
  const kind = text.charCodeAt(at - 2);
  return kind === SMALL_A || kind === SMALL_O;
}

function endOfSecret(text: Characters, from: number): number {
  let end = from;
  while (end < text.length && isLetterOrDigit(text.charCodeAt(end))) end += 1;
  return end;
}

/** True when the text holds `header.claims.signature`, with the first two in JSON. */
function holdsToken(text: string): boolean {
  const parts = text.split(".");
  return parts.some((header, at) => {
    const [claims = "", signature = ""] = parts.slice(at + 1, at + 3);
    const begins = header.indexOf(JSON_BEGINS);
    return (
      begins !== -1 &&
      header.length - begins >= LEAST_PART &&
      claims.length >= LEAST_PART &&
      claims.startsWith(JSON_BEGINS) &&
      signature !== ""
    );
  });
}

/** A JSON value with every string masked, names of members included. No member is lost. */
export function redactJson(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(redactJson);
  const members = Object.entries(value).map(([name, member], index) => {
    const shown = redact(name);
    // Two names can become equal by masking, and an unmasked name can look like a masked one: the index keeps them
    // apart.
    return [shown.includes(REDACTED) ? `${shown} #${index}` : name, redactJson(member)];
  });
  return Object.fromEntries(members);
}
