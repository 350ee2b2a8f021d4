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

/**
 * Whether a text that is no JSON may nevertheless hold a member that a path means: JSON that was cut off, that has words
 * around it, or that only some parsers take. Such a text quotes the name, or begins as JSON does and has the name.
 * @param names the last name of each path; null: there is a path without a name.
 */
export function mayHold(text: string, names: ReadonlySet<string> | null, steps: Steps): boolean {
  const begins = BEGINS_AS_JSON.test(text);
  if (names === null) return begins;
  // An escape is another spelling of the same name.
  const read = text.includes("\\u")
    ? text.replaceAll(/\\u([0-9a-f]{4})/gi, (_all, code: string) => String.fromCharCode(parseInt(code, 16)))
    : text;
  for (const name of names) {
    if (!steps.spend(Math.ceil(read.length / 16))) return true;
    for (let at = read.indexOf(name); at !== -1; at = read.indexOf(name, at + 1)) {
      if (!steps.spend(1 + name.length)) return true;
      const isQuoted =
        at > 0 && QUOTES.includes(read.charAt(at - 1)) && QUOTES.includes(read[at + name.length] ?? " ");
      if (begins || isQuoted) return true;
    }
  }
  return false;
}
