/**
 * E-mail addresses: letters, digits and signs before an `@` (RFC 5322 §3.4.1, RFC 6532; without the signs that part the
 * members of URLs and of code), and a name with a dot behind it. An `@` may be written `%40`, as in URLs. What is glued to
 * an address is taken with it: nobody knows where its name ends. Each character is looked at once for the `@` before it,
 * and once for the one behind it.
 */
import type { Span } from "../../kernel/spans.ts";
import type { Steps } from "../steps.ts";

const LOCAL = /^[\p{L}\p{M}\p{N}!#$%'*+^_~.-]$/u;
const DOMAIN = /^[\p{L}\p{M}\p{N}.-]+/u;
/** As long as one can be (RFC 1035 §2.3.4), in code units. */
const LONGEST_DOMAIN = 255;
/** Behind a dot stands a label that is no number: `a@b.1` is a version. */
const NAME = /^[^.].*\.[^.\d][^.]/su;

export function emailsIn(text: string, steps: Steps): readonly Span[] {
  const spans: Span[] = [];
  let free = 0;
  for (const { 0: sign, index } of text.matchAll(/@|%40/g)) {
    const behind = index + sign.length;
    const domain = DOMAIN.exec(text.slice(behind, behind + LONGEST_DOMAIN))?.[0] ?? "";
    const start = startOfLocal(text, index, free);
    if (!steps.spend(12 + domain.length + 4 * (index - start))) return spans;
    // The signs at its end are those of a sentence.
    const name = domain.replace(/(?<![.-])[.-]+$/, "");
    if (start < index && NAME.test(name)) spans.push({ start, end: behind + name.length });
    free = behind;
  }
  return spans;
}

/** @param least not before: what stands there belongs to another address. */
function startOfLocal(text: string, at: number, least: number): number {
  let start = at;
  while (start > least) {
    const one = text.charAt(start - 1);
    const width = /^[\udc00-\udfff]$/.test(one) ? 2 : 1;
    const from = Math.max(least, start - width);
    if (!LOCAL.test(text.slice(from, start))) return start;
    start = from;
  }
  return start;
}
