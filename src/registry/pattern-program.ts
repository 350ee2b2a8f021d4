/**
 * A regular expression as instructions: those of ECMAScript's language with the flag `u`, without the constructs that
 * need backtracking (look-ahead, look-behind and references to a group).
 */
import { err, ok, type Result } from "../kernel/result.ts";

export const MOST_PATTERN = 256;
/** The greatest number of instructions of a pattern, with its counted repetitions expanded. */
export const MOST_INSTRUCTIONS = 2_000;

export type PatternFault = "too_long" | "malformed" | "unsupported" | "too_large";

/** The text of each fault, for the author of the schema. */
export const PATTERN_FAULTS: Readonly<Record<PatternFault, string>> = {
  too_long: `has more than ${MOST_PATTERN} characters`,
  malformed: "is not a regular expression (with the flag u)",
  unsupported: "has a look-ahead, a look-behind or a reference to a group, which are not supported",
  too_large: `has more than ${MOST_INSTRUCTIONS} steps when its repetitions are written out; use maxLength`,
};

export type Assertion = "start" | "end" | "boundary" | "no_boundary";
export type Instruction =
  | { readonly op: "one"; readonly takes: (code: number) => boolean }
  | { readonly op: "assert"; readonly what: Assertion }
  | { readonly op: "fork"; first: number; second: number }
  | { readonly op: "match" };

export function programOf(source: string): Result<readonly Instruction[], PatternFault> {
  if (source.length > MOST_PATTERN) return err("too_long");
  try {
    void new RegExp(source, "u");
  } catch {
    return err("malformed"); // always a SyntaxError
  }
  const assembler = new Assembler(source);
  const fault = assembler.assemble();
  return fault === null ? ok(assembler.program) : err(fault);
}

/** Reads a pattern that the platform has accepted, so that it needs fewer checks than a parser. */
class Assembler {
  readonly program: Instruction[] = [];
  readonly #text: string;
  readonly #takers = new Map<string, (code: number) => boolean>();
  #at = 0;
  #fault: PatternFault | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  assemble(): PatternFault | null {
    this.#choice();
    this.#add({ op: "match" });
    return this.#fault;
  }

  #choice(): void {
    const start = this.program.length;
    this.#sequence();
    if (this.#text[this.#at] !== "|") return;
    this.#at += 1;
    // fork → the first alternative, then a jump past the second.
    this.#insert(start, { op: "fork", first: start + 1, second: this.program.length + 2 });
    const jump = this.#fork(-1, -1);
    this.#choice();
    jump.first = jump.second = this.program.length;
  }

  #sequence(): void {
    while (this.#fault === null && this.#at < this.#text.length && !this.#isNext("|", ")")) this.#repeated();
  }

  /** Reads a quantified atom once, and writes its instructions as often as the quantifier says. */
  #repeated(): void {
    const start = this.program.length;
    this.#atom();
    const found = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.#text.slice(this.#at));
    if (found === null || this.#fault !== null) return;
    const [whole, sign, least, comma, most] = found;
    this.#at += whole.length;
    const block = this.program.splice(start);
    // Repeating an empty atom has no effect.
    if (block.length === 0) return;
    const min = least === undefined ? (sign === "+" ? 1 : 0) : Number(least);
    const isEndless = sign === "*" || sign === "+" || (comma === "," && most === "");
    const max = isEndless || sign === "?" ? Math.max(min, 1) : comma === "," ? Number(most) : min;
    const waysOut: { second: number }[] = [];
    for (let copy = 0; copy < max && this.#fault === null; copy += 1) {
      const at = this.program.length;
      const isOptional = copy >= min;
      if (isOptional) waysOut.push(this.#fork(at + 1, -1));
      this.#write(block, this.program.length - start);
      if (!isEndless || copy < max - 1) continue;
      if (isOptional) this.#fork(at, at);
      else this.#fork(at, this.program.length + 1);
    }
    for (const fork of waysOut) fork.second = this.program.length;
  }

  #write(block: readonly Instruction[], moved: number): void {
    for (const instruction of block) {
      if (instruction.op !== "fork") this.#add(instruction);
      else this.#fork(instruction.first + moved, instruction.second + moved);
    }
  }

  #atom(): void {
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith("(")) {
      const opening = /^\((?:\?(?::|<[^=!][^>]*>))?/.exec(rest)?.[0] ?? "(";
      if (opening === "(" && rest[1] === "?") this.#refuse("unsupported");
      this.#at += opening.length;
      this.#choice();
      this.#at += 1;
      return;
    }
    const source =
      /^(?:\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\c[a-zA-Z]|\\[1-9k]|\\.|.)/su.exec(
        rest,
      )?.[0] ?? rest;
    this.#at += source.length;
    const assertion = ASSERTIONS.get(source);
    if (assertion !== undefined) this.#add({ op: "assert", what: assertion });
    else if (/^\\[1-9k]/.test(source)) this.#refuse("unsupported");
    else {
      const takes = this.#takers.get(source) ?? takerOf(source);
      this.#takers.set(source, takes);
      this.#add({ op: "one", takes });
    }
  }

  #isNext(...signs: readonly string[]): boolean {
    return signs.includes(this.#text[this.#at] ?? "");
  }

  #add(instruction: Instruction): void {
    this.program.push(instruction);
    if (this.program.length > MOST_INSTRUCTIONS) this.#refuse("too_large");
  }

  #fork(first: number, second: number): { first: number; second: number } {
    const fork = { op: "fork" as const, first, second };
    this.#add(fork);
    return fork;
  }

  /** Shifts the targets of later instructions by one. */
  #insert(start: number, fork: Instruction): void {
    for (const instruction of this.program.slice(start)) {
      if (instruction.op !== "fork") continue;
      if (instruction.first >= start) instruction.first += 1;
      if (instruction.second >= start) instruction.second += 1;
    }
    this.program.splice(start, 0, fork);
    if (this.program.length > MOST_INSTRUCTIONS) this.#refuse("too_large");
  }

  #refuse(fault: PatternFault): void {
    this.#fault ??= fault;
    // Stops reading.
    this.#at = this.#text.length;
  }
}

const ASSERTIONS: ReadonlyMap<string, Assertion> = new Map([
  ["^", "start"],
  ["$", "end"],
  ["\\b", "boundary"],
  ["\\B", "no_boundary"],
]);

/** Tests a single character with the platform's own expression; results for ASCII are in a table. */
function takerOf(source: string): (code: number) => boolean {
  if (source.length === 1 && source !== ".") {
    const only = source.codePointAt(0);
    return (code) => code === only;
  }
  const expression = new RegExp(`^${source}$`, "u");
  const ascii = Array.from({ length: 128 }, (_, code) => expression.test(String.fromCharCode(code)));
  return (code) => ascii[code] ?? expression.test(String.fromCodePoint(code));
}

/** By ASCII character: whether a match may begin with it. */
export function beginsOf(program: readonly Instruction[]): readonly boolean[] {
  const first = firstOf(program);
  return Array.from({ length: 128 }, (_, code) =>
    first.some((instruction) => instruction.op === "one" && instruction.takes(code)),
  );
}

/** The instructions that can be reached before the first character, wherever assertions hold. */
export function firstOf(program: readonly Instruction[]): readonly Instruction[] {
  const reached = new Set<number>();
  const open = [0];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const instruction = program[index];
    if (instruction?.op === "fork") open.push(instruction.second, instruction.first);
    else if (instruction?.op === "assert") open.push(index + 1);
  }
  return [...reached].flatMap((index) => program[index] ?? []);
}
