/**
 * Bytes as a reader sees them behind escapes: those of a URI (RFC 3986 §2.1), and behind these those of JSON (RFC 8259
 * §7). An escape may be escaped itself, as in JSON within JSON, so a whole run of backslashes belongs to the character
 * behind it. What a writer escapes beyond need (`\u002b`, `%2D`) is read like what it must escape.
 */
const [PERCENT, BACKSLASH, SMALL_U] = [0x25, 0x5c, 0x75];
/** Stands for every character that is not ASCII. */
const OTHER = 0xff;
/** A longer run of escapes is no escape, in bytes: an escape is held back until its end. */
const MOST_ESCAPE = 32;

/** @returns -1: no hexadecimal digit. */
function hexOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** A character, and the offsets between which it is written. */
type Emit = (unit: number, start: number, end: number) => void;

interface Written {
  readonly unit: number;
  readonly start: number;
  readonly end: number;
}

/** Of a URI: `%`, or `%25` any number of times, and perhaps a first digit. */
interface OpenPercent {
  readonly start: number;
  readonly end: number;
  readonly high: Written | null;
}

/** Of JSON: a run of backslashes, and perhaps `u` with its digits. */
interface OpenRun {
  readonly start: number;
  readonly end: number;
  readonly more: readonly Written[];
}

export class Unescaped {
  readonly #emit: Emit;
  #percent: OpenPercent | null = null;
  #run: OpenRun | null = null;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** Whether the next byte means what it is, unless it begins an escape. */
  get isPlain(): boolean {
    return this.#percent === null && this.#run === null;
  }

  /** Where what is not told yet begins; null: everything is told. */
  get openSince(): number | null {
    return this.#run?.start ?? this.#percent?.start ?? null;
  }

  read(byte: number, at: number): void {
    const open = this.#percent;
    if (open === null) {
      if (byte === PERCENT) this.#percent = { start: at, end: at + 1, high: null };
      else this.#behindUri(byte, at, at + 1);
      return;
    }
    const { start, end, high } = open;
    const digit = hexOf(byte);
    if (digit === -1) {
      this.#endPercent(open);
      this.read(byte, at);
    } else if (high === null) this.#percent = { start, end, high: { unit: byte, start: at, end: at + 1 } };
    else {
      const code = hexOf(high.unit) * 16 + digit;
      const isAgain = code === PERCENT && at + 1 - start < MOST_ESCAPE;
      this.#percent = isAgain ? { start, end: at + 1, high: null } : null;
      if (!isAgain) this.#behindUri(code, start, at + 1);
    }
  }

  /** The text has ended: what is open is no escape. */
  end(): void {
    if (this.#percent !== null) this.#endPercent(this.#percent);
    const run = this.#run;
    this.#run = null;
    if (run !== null) this.#tell(run);
  }

  #endPercent({ start, end, high }: OpenPercent): void {
    this.#percent = null;
    this.#behindUri(PERCENT, start, end);
    if (high !== null) this.#behindUri(high.unit, high.start, high.end);
  }

  #behindUri(unit: number, start: number, end: number): void {
    const run = this.#run;
    if (run === null) {
      if (unit === BACKSLASH) this.#run = { start, end, more: [] };
      else this.#emit(unit, start, end);
      return;
    }
    const [u, ...digits] = run.more;
    if (u === undefined) this.#behindRun(run, { unit, start, end });
    else if (hexOf(unit) === -1) {
      this.#run = null;
      this.#tell(run);
      this.#behindUri(unit, start, end);
    } else if (digits.length < 3) this.#run = { ...run, more: [...run.more, { unit, start, end }] };
    else {
      this.#run = null;
      const code = [...digits.map((each) => each.unit), unit].reduce(
        (sum, each) => sum * 16 + hexOf(each),
        0,
      );
      if (code === BACKSLASH) this.#run = { start: run.start, end, more: [] };
      else this.#emit(code < 0x80 ? code : OTHER, run.start, end);
    }
  }

  #behindRun(run: OpenRun, { unit, start, end }: Written): void {
    if (unit === SMALL_U) this.#run = { ...run, more: [{ unit, start, end }] };
    else if (unit !== BACKSLASH) {
      this.#run = null;
      this.#emit(unit, run.start, end);
    } else if (end - run.start < MOST_ESCAPE) this.#run = { ...run, end };
    else {
      this.#emit(BACKSLASH, run.start, run.end);
      this.#run = { start, end, more: [] };
    }
  }

  /** A run that is no escape of a number: its backslashes belong to the character behind them, if there is one. */
  #tell({ start, more }: OpenRun): void {
    for (const [index, each] of more.entries())
      this.#emit(each.unit, index === 0 ? start : each.start, each.end);
  }
}

/** A text behind its escapes. */
export function unescaped(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const units: number[] = [];
  const reader = new Unescaped((unit) => void units.push(unit));
  for (const [at, byte] of bytes.entries()) reader.read(byte, at);
  reader.end();
  return new Uint8Array(units);
}
