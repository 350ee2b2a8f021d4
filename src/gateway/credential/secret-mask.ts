/**
 * Masks secrets in bytes that come in pieces of any size. A masked text has as many bytes as before, so lengths and offsets
 * hold. Only what may be the beginning of a secret is held back until the next piece.
 *
 * The texts are a server's, so the search is that of Knuth, Morris and Pratt: each byte costs the same few steps, however
 * the text plays with the secrets.
 */
import { concat } from "../../kernel/bytes.ts";

const MASK = 0x2a; // `*`

/** A secret, prepared for any number of texts. */
export interface Needle {
  readonly bytes: Uint8Array;
  /** For each length of a match: the longest shorter one that ends at the same byte. */
  readonly shorter: Uint32Array;
}

/** @param bytes not empty. */
export const needle = (bytes: Uint8Array): Needle => ({ bytes, shorter: shorterMatches(bytes) });

interface Pattern extends Needle {
  /** How many bytes of it the text ends with. */
  matched: number;
}

export class SecretMask {
  readonly #patterns: readonly Pattern[];
  #held: Uint8Array<ArrayBuffer> = new Uint8Array();
  /** Whether any secret was in the text so far. */
  hasFound = false;
  /** How many bytes were compared: for the tests of the cost. */
  steps = 0;

  constructor(needles: readonly Needle[]) {
    this.#patterns = needles.map((each) => ({ ...each, matched: 0 }));
  }

  /** @returns what is certain of the text so far, masked. */
  next(piece: Uint8Array): Uint8Array<ArrayBuffer> {
    const from = this.#held.length;
    const text = concat(this.#held, piece);
    const found = this.#patterns.flatMap((pattern) => this.#find(pattern, text, from));
    for (const [start, end] of found) text.fill(MASK, start, end);
    this.hasFound ||= found.length > 0;
    const open = Math.max(0, ...this.#patterns.map(({ matched }) => matched));
    this.#held = text.slice(text.length - open);
    return text.subarray(0, text.length - open);
  }

  /** @returns what was held back, at the end of the text. */
  rest(): Uint8Array<ArrayBuffer> {
    const rest = this.#held;
    this.#held = new Uint8Array();
    return rest;
  }

  #find(pattern: Pattern, text: Uint8Array, from: number): (readonly [start: number, end: number])[] {
    const { bytes, shorter } = pattern;
    const [first = 0] = bytes;
    const found: (readonly [number, number])[] = [];
    let { matched } = pattern;
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
      found.push([at + 1 - bytes.length, at + 1]);
      matched = shorter[matched] ?? 0;
    }
    pattern.matched = matched;
    return found;
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
