/**
 * Account numbers (IBAN, ISO 13616): two letters of a country, two digits, and as many characters as that country's have,
 * whose remainder is right. Groups of them may be apart by one space or hyphen. A number has at most 34 characters, which
 * bounds the work for each place where one could begin.
 */
import type { Span } from "../../kernel/spans.ts";
import type { Steps } from "../steps.ts";

/** What it costs to look at one character of what may be a number. */
const CHARACTER_STEPS = 4;

/** The length by country, from the registry of SWIFT. */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22" +
    "GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31" +
    "MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30"
  )
    .match(/[A-Z]{2}\d{2}/g)
    ?.map((each) => [each.slice(0, 2), Number(each.slice(2))]),
);

export function ibansIn(text: string, steps: Steps): readonly Span[] {
  const spans: Span[] = [];
  // A look-ahead takes nothing, so a number may begin anywhere, also within what began as another one.
  for (const { index } of text.matchAll(/(?=[A-Za-z]{2}[ -]?\d[ -]?\d)/g)) {
    const end = endOfIban(text, index, steps);
    if (steps.areSpent) return spans;
    if (end !== null) spans.push({ start: index, end });
  }
  return spans;
}

function endOfIban(text: string, start: number, steps: Steps): number | null {
  const length = LENGTHS.get(text.slice(start, start + 2).toUpperCase());
  if (length === undefined) return null;
  let number = "";
  for (let at = start; at < text.length; at += 1) {
    if (!steps.spend(CHARACTER_STEPS)) return null;
    const character = text.charAt(at);
    if (/^[A-Za-z0-9]$/.test(character)) number += character.toUpperCase();
    // One between two characters, and none at the end.
    else if (!/^[ \u00a0\u202f-]$/.test(character) || !/^[A-Za-z0-9]$/.test(text.charAt(at + 1))) return null;
    if (number.length === length) return isChecked(number) ? at + 1 : null;
  }
  return null;
}

/** ISO/IEC 7064, MOD 97-10. */
function isChecked(number: string): boolean {
  let rest = 0;
  for (const character of number.slice(4) + number.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
