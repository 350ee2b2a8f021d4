/**
 * Masks secrets in bytes that come in pieces of any size: as they are, and in the escapes of JSON or of a URI. A masked text
 * has as many bytes as before, so lengths and offsets hold. Only what may be the beginning of a secret is held back until
 * the next piece.
 *
 * The texts are a server's, so the search is that of Knuth, Morris and Pratt: each byte costs the same few steps, however
 * the text plays with the secrets.
 */
import { concat } from "../../kernel/bytes.ts";
import { unescaped, Unescaped } from "./unescaped.ts";

const MASK = 0x2a; // `*`
const [PERCENT, BACKSLASH] = [0x25, 0x5c];

/** A secret, prepared for any number of texts. */
export interface Needle {
  readonly bytes: Uint8Array;
  /** For each length of a match: the longest shorter one that ends at the same byte. */
  readonly shorter: Uint32Array;
  /** Whether it is what stands behind the escapes of a text. */
  readonly isBehindEscapes: boolean;
}

/**
 * @param secret not empty.
 * @param least the fewest characters of it that are looked for behind escapes.
 */
export function needlesFor(secret: Uint8Array, least: number): readonly Needle[] {
  const plain = unescaped(secret);
  return [needle(secret, false), ...(plain.length < least ? [] : [needle(plain, true)])];
}

/** @param bytes not empty. */
const needle = (bytes: Uint8Array, isBehindEscapes: boolean): Needle => ({
  bytes,
  shorter: shorterMatches(bytes),
  isBehindEscapes,
});

/** Where a secret stands in the whole text, in bytes; `end` is exclusive. */
interface Found {
  readonly start: number;
  readonly end: number;
}

interface Search {
  /** @param offset of the text's first byte in the whole; `from`: what of it was looked at before. */
  find(text: Uint8Array, from: number, offset: number): readonly Found[];
  /** Where what may become a match begins in the whole text; null: nothing may. */
  readonly openSince: number | null;
  readonly steps: number;
}

export class SecretMask {
  readonly #searches: readonly Search[];
  #held: Uint8Array<ArrayBuffer> = new Uint8Array();
  /** Of what is held back, in the whole text. */
  #offset = 0;
  /** Whether any secret was in the text so far. */
  hasFound = false;

  constructor(needles: readonly Needle[]) {
    this.#searches = needles.map((each) =>
      each.isBehindEscapes ? new EscapedSearch(each) : new PlainSearch(each),
    );
  }

  /** How many bytes were compared: for the tests of the cost. */
  get steps(): number {
    return this.#searches.reduce((sum, { steps }) => sum + steps, 0);
  }

  /** @returns what is certain of the text so far, masked. */
  next(piece: Uint8Array): Uint8Array<ArrayBuffer> {
    const offset = this.#offset;
    const text = concat(this.#held, piece);
    const found = this.#searches.flatMap((search) => search.find(text, this.#held.length, offset));
    for (const { start, end } of found) text.fill(MASK, start - offset, end - offset);
    this.hasFound ||= found.length > 0;
    const whole = offset + text.length;
    this.#offset = Math.min(whole, ...this.#searches.map(({ openSince }) => openSince ?? whole));
    this.#held = text.slice(this.#offset - offset);
    return text.subarray(0, this.#offset - offset);
  }

  /** @returns what was held back, at the end of the text. */
  rest(): Uint8Array<ArrayBuffer> {
    const rest = this.#held;
    this.#held = new Uint8Array();
    return rest;
  }
}

class PlainSearch implements Search {
  readonly #needle: Needle;
  /** How many bytes of it the text ends with, and where that is. */
  #matched = 0;
  #end = 0;
  steps = 0;

  constructor(sought: Needle) {
    this.#needle = sought;
  }

  get openSince(): number | null {
    return this.#matched === 0 ? null : this.#end - this.#matched;
  }

  find(text: Uint8Array, from: number, offset: number): readonly Found[] {
    const { bytes, shorter } = this.#needle;
    const [first = 0] = bytes;
    const found: Found[] = [];
    let matched = this.#matched;
    for (let at = from; at < text.length; at += 1) {
      if (matched === 0) {
        at = text.indexOf(first, at);
        if (at === -1) break;
      }
      const byte = text[at];
      while (matched > 0 && bytes[matched] !== byte) {
        matched = shorter[matched] ?? 0;
        this.steps += 1;
      }
      if (bytes[matched] === byte) matched += 1;
      this.steps += 1;
      if (matched < bytes.length) continue;
      const end = offset + at + 1;
      found.push({ start: end - bytes.length, end });
      matched = shorter[matched] ?? 0;
    }
    this.#matched = matched;
    this.#end = offset + text.length;
    return found;
  }
}

/** The same behind escapes, where a character has a length of its own in the text. */
class EscapedSearch implements Search {
  readonly #needle: Needle;
  readonly #reader = new Unescaped((unit, start, end) => this.#take(unit, start, end));
  /** Where the last characters begin, as many as the secret has. */
  readonly #starts: Float64Array;
  #taken = 0;
  #matched = 0;
  #found: Found[] = [];
  steps = 0;

  constructor(sought: Needle) {
    this.#needle = sought;
    this.#starts = new Float64Array(sought.bytes.length);
  }

  get openSince(): number | null {
    const open = this.#matched === 0 ? null : this.#startOf(this.#matched);
    return open ?? this.#reader.openSince;
  }

  find(text: Uint8Array, from: number, offset: number): readonly Found[] {
    this.#found = [];
    const [first = 0] = this.#needle.bytes;
    const [own, uri, json] = [
      new NextOf(text, first),
      new NextOf(text, PERCENT),
      new NextOf(text, BACKSLASH),
    ];
    for (let at = from; at < text.length; at += 1) {
      if (this.#matched === 0 && this.#reader.isPlain) {
        at = Math.min(own.from(at), uri.from(at), json.from(at));
        if (at === text.length) break;
      }
      this.steps += 1;
      this.#reader.read(text[at] ?? 0, offset + at);
    }
    return this.#found;
  }

  #take(unit: number, start: number, end: number): void {
    const { bytes, shorter } = this.#needle;
    this.#starts[this.#taken % bytes.length] = start;
    this.#taken += 1;
    while (this.#matched > 0 && bytes[this.#matched] !== unit) {
      this.#matched = shorter[this.#matched] ?? 0;
      this.steps += 1;
    }
    if (bytes[this.#matched] === unit) this.#matched += 1;
    if (this.#matched < bytes.length) return;
    this.#found.push({ start: this.#startOf(bytes.length), end });
    this.#matched = shorter[this.#matched] ?? 0;
  }

  /** Where the last so many characters begin. */
  #startOf(characters: number): number {
    return this.#starts[(this.#taken - characters) % this.#needle.bytes.length] ?? 0;
  }
}

/** The next place of a byte, looked for once. */
class NextOf {
  readonly #text: Uint8Array;
  readonly #byte: number;
  #next = -1;

  constructor(text: Uint8Array, byte: number) {
    this.#text = text;
    this.#byte = byte;
  }

  /** @returns the length of the text where there is none. */
  from(at: number): number {
    if (this.#next >= at) return this.#next;
    const next = this.#text.indexOf(this.#byte, at);
    this.#next = next === -1 ? this.#text.length : next;
    return this.#next;
  }
}

function shorterMatches(bytes: Uint8Array): Uint32Array {
  const shorter = new Uint32Array(bytes.length + 1);
  let matched = 0;
  for (let at = 1; at < bytes.length; at += 1) {
    while (matched > 0 && bytes[matched] !== bytes[at]) matched = shorter[matched] ?? 0;
    if (bytes[matched] === bytes[at]) matched += 1;
    shorter[at + 1] = matched;
  }
  return shorter;
}
