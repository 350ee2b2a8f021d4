/**
 * The one parser of JSON from outside. It accepts only texts that every JSON parser reads alike (RFC 8259 §4, §6 and §9
 * leave the rest open).
 *
 * - A repeated member is refused: one parser takes the first, another the last (RFC 8725bis).
 * - A number that a double cannot hold is refused: `9007199254740993` would be checked and recorded as another number.
 *   The notation does not matter: `1.0`, `1E2` and `-0` are accepted.
 * - A text with half a character (a lone surrogate, RFC 8259 §8.2) is refused: UTF-8 encodes all of them as the same
 *   replacement character, so two different texts would have one digest.
 * - Nesting is bounded, so that later code may walk the value recursively.
 * - A member named `__proto__` is refused: schemas would drop it silently.
 *
 * The check is one pass over the text, without recursion; the platform's parser does the rest.
 */
import { fromUtf8 } from "./bytes.ts";
import { pointerTo } from "./json-pointer.ts";
import { err, ok, type Result } from "./result.ts";

/** The deepest nesting accepted, in levels. No request needs more. */
export const MAX_JSON_DEPTH = 64;

type JsonFaultKind =
  "malformed" | "repeated_member" | "inexact_number" | "half_character" | "too_deep" | "prototype_member";

/** The kind of fault, and its path: names of members and indices of items, from the outside in. */
export interface JsonFault {
  readonly kind: JsonFaultKind;
  readonly path: readonly (string | number)[];
}

interface JsonRules {
  /**
   * `exact` (default) refuses numbers that a double cannot hold. `finite` is for a document whose numbers Dome does not
   * use: it refuses only numbers too large for a double.
   */
  readonly numbers?: "exact" | "finite";
}

export function parseJson(text: string, rules: JsonRules = {}): Result<unknown, JsonFault> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err({ kind: "malformed", path: [] }); // always a SyntaxError
  }
  const fault = new Inspection(text, rules.numbers !== "finite").fault();
  return fault === null ? ok(value) : err(fault);
}

/** As `parseJson`, for bytes, which must be UTF-8. */
export function parseJsonBytes(bytes: Uint8Array, rules: JsonRules = {}): Result<unknown, JsonFault> {
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch {
    return err({ kind: "malformed", path: [] }); // a TypeError: the bytes are not UTF-8
  }
  return parseJson(text, rules);
}

/** What is wrong, worded to follow the name of the text that was parsed. The text itself is not repeated (P4). */
export const JSON_FAULTS: Readonly<Record<JsonFaultKind, string>> = {
  malformed: "is not JSON in UTF-8",
  repeated_member: "has a member twice",
  inexact_number: "has a number that a double cannot hold; send it as a string",
  half_character: "has a text with half a character (a lone surrogate)",
  too_deep: `is nested deeper than ${MAX_JSON_DEPTH} levels`,
  prototype_member: "has a member named __proto__",
};

/**
 * The place of a fault as ` at /a/0` (a JSON Pointer, RFC 6901), worded to follow the name of the text; empty for the
 * whole text.
 */
export const pointerOf = ({ path }: Pick<JsonFault, "path">): string =>
  path.length === 0 ? "" : ` at ${pointerTo(path)}`;

interface Level {
  /** The names of an object's members so far; null in a list. */
  readonly names: Set<string> | null;
  at: string | number;
}

const [QUOTE, COMMA, MINUS, BACKSLASH] = [0x22, 0x2c, 0x2d, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** Scans text that is known to be valid JSON, so that it needs fewer rules than a parser. */
class Inspection {
  readonly #text: string;
  readonly #exact: boolean;
  readonly #levels: Level[] = [];
  #at = 0;

  constructor(text: string, exact: boolean) {
    this.#text = text;
    this.#exact = exact;
  }

  fault(): JsonFault | null {
    let isName = false;
    for (; this.#at < this.#text.length; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      let kind: JsonFaultKind | null = null;
      if (code === QUOTE) {
        const from = this.#at;
        this.#skipString();
        const quoted = this.#text.slice(from, this.#at + 1);
        if (this.#exact && isHalved(quoted)) return { kind: "half_character", path: this.#path(isName) };
        if (isName) kind = this.#named(quoted);
        isName = false;
      } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
        isName = code === OPEN_OBJECT;
        this.#levels.push({ names: isName ? new Set() : null, at: 0 });
        if (this.#levels.length > MAX_JSON_DEPTH) kind = "too_deep";
      } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
        this.#levels.pop();
        isName = false;
      } else if (code === COMMA) {
        const level = this.#levels.at(-1);
        isName = level?.names != null;
        if (typeof level?.at === "number") level.at += 1;
      } else if (isDigit(code) || code === MINUS) {
        const number = this.#number();
        if (!(this.#exact ? isExact(number) : Number.isFinite(Number(number)))) kind = "inexact_number";
      }
      if (kind !== null) return { kind, path: this.#path(kind !== "inexact_number") };
    }
    return null;
  }

  /** Advances to the closing quote. */
  #skipString(): void {
    for (this.#at += 1; ; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === QUOTE) return;
      if (code === BACKSLASH) this.#at += 1;
    }
  }

  /**
   * @param quoted the name as written. Escapes allow several spellings of one name, so it is decoded before it is
   * compared.
   */
  #named(quoted: string): JsonFaultKind | null {
    const level = this.#levels.at(-1);
    const name = quoted.includes("\\") ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
    if (level?.names == null) return null;
    if (level.names.has(name)) return "repeated_member";
    level.names.add(name);
    level.at = name;
    return name === "__proto__" ? "prototype_member" : null;
  }

  /** Advances to the last character of the number. */
  #number(): string {
    const from = this.#at;
    while (isInNumber(this.#text.charCodeAt(this.#at + 1))) this.#at += 1;
    return this.#text.slice(from, this.#at + 1);
  }

  /**
   * The path to the current value.
   * @param outside true for the path to the object or list that holds it: for a fault in a name, or of a whole level.
   */
  #path(outside: boolean): (string | number)[] {
    const whole = this.#levels.slice(0, MAX_JSON_DEPTH).map(({ at }) => at);
    return outside ? whole.slice(0, -1) : whole;
  }
}

/** Only an escape can produce half a character, because the text itself was decoded from UTF-8. */
const isHalved = (quoted: string): boolean =>
  quoted.includes("\\u") && !String(JSON.parse(quoted)).isWellFormed();

const [PLUS, DOT, SMALL_E, LARGE_E] = [0x2b, 0x2e, 0x65, 0x45];
const isInNumber = (code: number): boolean =>
  isDigit(code) || code === DOT || code === SMALL_E || code === LARGE_E || code === PLUS || code === MINUS;

/** A double holds every number of 15 digits (IEEE 754 binary64). */
const CERTAIN_DIGITS = 15;

/** True when the nearest double is the number that is written. */
function isExact(written: string): boolean {
  if (written.length <= CERTAIN_DIGITS && !/[eE]/.test(written)) return true;
  const double = Number(written);
  if (!Number.isFinite(double)) return false;
  const [meant, held] = [decimalOf(written), decimalOf(String(double))];
  return meant.digits === held.digits && meant.exponent === held.exponent;
}

/**
 * `digits` × 10^`exponent`, the digits without zeros at either end; zero has no digits. The time is linear in the
 * length.
 */
function decimalOf(written: string): { readonly digits: string; readonly exponent: number } {
  const unsigned = written.startsWith("-") ? written.slice(1) : written;
  const [coefficient = "", exponent = "0"] = unsigned.split(/[eE]/);
  const [whole = "", fraction = ""] = coefficient.split(".");
  const all = whole + fraction;
  let start = 0;
  while (all[start] === "0") start += 1;
  let end = all.length;
  while (end > start && all[end - 1] === "0") end -= 1;
  const digits = all.slice(start, end);
  return { digits, exponent: digits === "" ? 0 : Number(exponent) - fraction.length + (all.length - end) };
}
