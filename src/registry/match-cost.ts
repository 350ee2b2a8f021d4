/**
 * How long a regular expression may take. JavaScript's goes back and tries again, so `^(a+)+$` takes time without end
 * for a text that its writer did not think of; and the text comes from whoever calls. So what an operator writes is
 * measured before it is kept: an upper bound of the ways in which it can match, for a text of `MOST_MATCHED` characters.
 */
import { err, ok, type Result } from "../kernel/result.ts";

/** Longer strings are matched against no pattern and no format, in characters. */
export const MOST_MATCHED = 1_024;
export const MOST_PATTERN = 256;
const MOST_WAYS = 2 ** 20;

export type PatternFault = "too_long" | "malformed" | "too_slow";

/** @returns nothing when the pattern may be kept. */
export function checkPattern(pattern: string): Result<void, PatternFault> {
  if (pattern.length > MOST_PATTERN) return err("too_long");
  try {
    void new RegExp(pattern, "u");
  } catch {
    return err("malformed"); // a SyntaxError, and nothing else
  }
  const anchored = pattern.startsWith("^") && !pattern.includes("|");
  const ways = new Ways(pattern).choice() * (anchored ? 1 : MOST_MATCHED);
  return ways > MOST_WAYS ? err("too_slow") : ok(undefined);
}

/** Reads a pattern that has compiled. Each part gives the number of ways in which it can match, or more. */
class Ways {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  choice(): number {
    let ways = 0;
    for (;;) {
      ways += this.#sequence();
      if (this.#text[this.#at] !== "|") return ways;
      this.#at += 1;
    }
  }

  #sequence(): number {
    let ways = 1;
    while (this.#at < this.#text.length && !"|)".includes(this.#text[this.#at] ?? "")) {
      ways *= this.#repeated(this.#atom());
    }
    return ways;
  }

  #atom(): number {
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith("(")) {
      this.#at += /^\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?/.exec(rest)?.[0].length ?? 1;
      const ways = this.choice();
      this.#at += 1;
      return ways;
    }
    const one =
      /^(?:\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\k<[^>]*>|\\?.)/su.exec(rest)?.[0] ?? " ";
    this.#at += one.length;
    return 1;
  }

  #repeated(inner: number): number {
    const found = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.#text.slice(this.#at));
    if (found === null) return inner;
    const [whole, sign, least, comma, bound] = found;
    this.#at += whole.length;
    if (sign === "?") return 1 + inner;
    const from = least === undefined ? 0 : Number(least);
    const endless = sign !== undefined || (comma === "," && bound === "");
    const most = endless ? MOST_MATCHED : comma === "," ? Number(bound) : from;
    return inner ** most * Math.max(1, endless ? MOST_MATCHED : most - from + 1);
  }
}
