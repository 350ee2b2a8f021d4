/**
 * Finds tokens in a text that somebody else has written, by what they say of themselves: nothing is verified. It serves to
 * keep a credential from leaving, so a token that claims to be Dome's is taken for one. Each character is read a fixed
 * number of times.
 */
import { CONTEXT_TYPE } from "../contract/dome-context.ts";
import { ASSERTION_TYPE } from "../contract/user-assertion.ts";
import { mediaType } from "./jws.ts";
import { parseSegment } from "./strict-json.ts";

/** Types that nobody but a Dome signs, this one or another. */
const OF_DOME: ReadonlySet<string> = new Set([CONTEXT_TYPE, ASSERTION_TYPE]);
/** The base64url of `{"`, with which every header and every claim that Dome signs begins. */
const JSON_BEGINS = "eyJ";
/** No shorter segment holds an issuer or a type of Dome's, in characters. */
const LEAST = 16;

/**
 * True when the text holds a compact JWS (RFC 7515 §7.1) that this issuer, or a Dome, has signed, or one of these.
 * @param presented tokens that were presented with the call, whoever has signed them.
 */
export function holdsTokenOf(text: string, issuer: string, presented: readonly string[]): boolean {
  // Whatever else of a token is changed or left out: its claims are what make it this one.
  const claims = new Set(presented.map((token) => token.split(".")[1] ?? "").filter((each) => each !== ""));
  for (const run of text.match(/[\w.-]+/g) ?? []) {
    const parts = run.split(".");
    for (let at = 1; at < parts.length; at += 1) {
      const part = parts[at] ?? "";
      if (claims.has(part) || isIssuedBy(part, issuer) || isTypeOfDome(parts[at - 1] ?? "")) return true;
    }
  }
  return false;
}

const isIssuedBy = (claims: string, issuer: string): boolean =>
  claims.length >= LEAST && claims.startsWith(JSON_BEGINS) && parseSegment(claims)?.["iss"] === issuer;

function isTypeOfDome(segment: string): boolean {
  const begins = segment.indexOf(JSON_BEGINS);
  if (begins === -1 || segment.length - begins < LEAST) return false;
  const typ = parseSegment(segment.slice(begins))?.["typ"];
  return typeof typ === "string" && OF_DOME.has(mediaType(typ));
}
