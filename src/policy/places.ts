/** Places in a text. Cedar counts bytes of UTF-8, JavaScript and editors units of UTF-16. */

/** From 1; columns count units of UTF-16, as editors do. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Finds the places of a text; its lines are counted once. */
export class Places {
  readonly #starts: readonly number[];

  constructor(text: string) {
    this.#starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  }

  /** @param offset in units of UTF-16. */
  at(offset: number): Place {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}

/** @param bytes an offset in bytes of UTF-8. @returns the offset in units of UTF-16. */
export function offsetOfByte(text: string, bytes: number): number {
  let seen = 0;
  let offset = 0;
  for (const character of text) {
    if (seen >= bytes) break;
    const code = character.codePointAt(0) ?? 0;
    seen += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    offset += character.length;
  }
  return offset;
}

/** Where a place of a part is in the whole, when the part begins at `start`. */
export const placeIn = (start: Place, { line, column }: Place): Place =>
  line === 1
    ? { line: start.line, column: start.column + column - 1 }
    : { line: start.line + line - 1, column };
