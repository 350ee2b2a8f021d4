/**
 * Payment card numbers (ISO/IEC 7812): 13 to 19 digits, together or in groups, that begin as those of an issuer do and
 * whose last digit is right (Luhn). Digits of a year or of a code may stand in groups beside them, so every run of whole
 * groups is tried. A run has at most 19 digits, which bounds the work for each digit.
 */
import type { Span } from "../../kernel/spans.ts";
import type { Steps } from "../steps.ts";

const [LEAST, MOST] = [13, 19];
/** What it costs to take one more group, and to check the digits so far. */
const GROUP_STEPS = 4;
/** Between two groups stands one of these: spaces and hyphens in their Unicode forms. */
const SEPARATORS: ReadonlySet<string> = new Set(" -\u00a0\u2009\u202f\u2010\u2011\u2012\u2013");
/** Issuers for travel, banking and merchandising, and the second range of one of them. */
const ISSUED = /^(?:[3-6]|2[2-7]|81)/;

export function cardNumbersIn(text: string, steps: Steps): readonly Span[] {
  const spans: Span[] = [];
  let run: Span[] = [];
  for (const match of text.matchAll(/\d+/g)) {
    const group = { start: match.index, end: match.index + match[0].length };
    const last = run.at(-1);
    const goesOn =
      last !== undefined && group.start === last.end + 1 && SEPARATORS.has(text.charAt(last.end));
    if (!goesOn) {
      addFrom(text, run, { spans, steps });
      run = [];
    }
    run.push(group);
  }
  addFrom(text, run, { spans, steps });
  return spans;
}

/** Adds the numbers that groups one after the other make. */
function addFrom(
  text: string,
  groups: readonly Span[],
  { spans, steps }: { readonly spans: Span[]; readonly steps: Steps },
): void {
  for (const [from, first] of groups.entries()) {
    let digits = "";
    for (let to = from; to < groups.length; to += 1) {
      const { start, end } = groups[to] ?? first;
      if (!steps.spend(GROUP_STEPS)) return;
      if (digits.length + end - start > MOST) break;
      digits += text.slice(start, end);
      if (digits.length >= LEAST && ISSUED.test(digits) && isChecked(digits))
        spans.push({ start: first.start, end });
    }
  }
}

/** ISO/IEC 7812-1, annex B. */
function isChecked(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits.charAt(digits.length - 1 - at));
    const doubled = at % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
