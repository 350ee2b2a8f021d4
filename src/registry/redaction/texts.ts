/** Texts in which JSON may stand. */
import type { Steps } from "../steps.ts";

/** The text without what parsers drop around JSON, when it begins as an object, a list or a text does; otherwise null. */
export const jsonIn = (text: string): string | null => {
  const found = text.search(/[^\s\ufeff]/u);
  return found !== -1 && '{["'.includes(text.charAt(found)) ? text.slice(found) : null;
};

/** One run before the word and one behind it, which cannot share a character: the time is linear in the text. */
const BEGINS_AS_JSON = /^[\s\ufeff"'`]*(?:json\s*)?[{[]/iu;
const QUOTES = "\"'`\\";

/** Escapes of JSON (RFC 8259 §7) and JavaScript, also escaped again: the backslashes before a character are one escape. */
const ESCAPE = /\\+(?:u([\da-f]{4})|u\{0*([\da-f]{1,6})\}|x([\da-f]{2})|([^\\]))/giu;

/** A text as somebody reads it who takes its escapes for such. */
export const withoutEscapes = (text: string): string =>
  text.includes("\\")
    ? text.replaceAll(ESCAPE, (_all, four?: string, braced?: string, two?: string, one?: string) => {
        if (one !== undefined) return "bfnrtv".includes(one) ? " " : one;
        const code = parseInt(four ?? braced ?? two ?? "", 16);
        return code <= 0x10ffff ? String.fromCodePoint(code) : "";
      })
    : text;

/**
 * Whether a text that is no JSON may nevertheless hold a member that a path means: JSON that was cut off, that has words
 * around it, or that only some parsers take. Such a text quotes the name, or begins as JSON does and has the name.
 * @param names the last name of each path; null: there is a path without a name.
 */
export function mayHold(text: string, names: ReadonlySet<string> | null, steps: Steps): boolean {
  const begins = BEGINS_AS_JSON.test(text);
  if (names === null) return begins;
  if (!steps.spend(Math.ceil(text.length / 4))) return true;
  // An escape is another spelling of the same name.
  const read = withoutEscapes(text);
  for (const name of names) {
    if (isNamed(text, name, begins, steps)) return true;
    if (read !== text && isNamed(read, withoutEscapes(name), begins, steps)) return true;
  }
  return false;
}

/** @param isEnough to be there; otherwise the name must be quoted. */
function isNamed(text: string, name: string, isEnough: boolean, steps: Steps): boolean {
  if (!steps.spend(Math.ceil(text.length / 16))) return true;
  if (name === "") return isEnough;
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    if (!steps.spend(1 + name.length)) return true;
    const isQuoted =
      at > 0 && QUOTES.includes(text.charAt(at - 1)) && QUOTES.includes(text[at + name.length] ?? " ");
    if (isEnough || isQuoted) return true;
  }
  return false;
}
