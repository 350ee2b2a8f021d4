/**
 * Matches the regular expressions of schemas in time linear in the text. JavaScript's own matcher backtracks, so
 * `^(a+)+$` can take exponential time on some texts, and the caller chooses the text. Here all possible matches are
 * followed at once (Thompson, "Regular Expression Search Algorithm", 1968), and each step is counted against the budget
 * of the whole check.
 *
 * The language is ECMAScript's with the flag `u`, without the constructs that need backtracking: look-ahead,
 * look-behind and back references. The platform's own expressions decide what a single character matches.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Steps } from "./steps.ts";

export const MOST_PATTERN = 256;
/** The greatest number of instructions of a pattern, with its counted repetitions expanded. */
export const MOST_INSTRUCTIONS = 2_000;

/**
 * Allocating the marks of a long program costs more than reading a short text, so it is charged: one step per this many
 * marks.
 */
const MARKS_PER_STEP = 128;

type PatternFault = "too_long" | "malformed" | "unsupported" | "too_large";

/** The text of each fault, for the author of the schema. */
export const PATTERN_FAULTS: Readonly<Record<PatternFault, string>> = {
  too_long: `has more than ${MOST_PATTERN} characters`,
  malformed: "is not a regular expression (with the flag u)",
  unsupported: "has a look-ahead, a look-behind or a reference to a group, which are not supported",
  too_large: `has more than ${MOST_INSTRUCTIONS} steps when its repetitions are written out; use maxLength`,
};

type Assertion = "start" | "end" | "boundary" | "no_boundary";
type Instruction =
  | { readonly op: "one"; readonly takes: (code: number) => boolean }
  | { readonly op: "assert"; readonly what: Assertion }
  | { readonly op: "fork"; first: number; second: number }
  | { readonly op: "match" };

export class Pattern {
  readonly #program: readonly Instruction[];

  private constructor(program: readonly Instruction[]) {
    this.#program = program;
  }

  static compile(source: string): Result<Pattern, PatternFault> {
    if (source.length > MOST_PATTERN) return err("too_long");
    try {
      void new RegExp(source, "u");
    } catch {
      return err("malformed"); // always a SyntaxError
    }
    const assembler = new Assembler(source);
    const fault = assembler.assemble();
    return fault === null ? ok(new Pattern(assembler.program)) : err(fault);
  }

  /** Whether the pattern matches anywhere in the text; false also when the steps are used up. */
  test(text: string, steps: Steps): boolean {
    let now: number[] = [];
    let next: number[] = [];
    if (!steps.spend(Math.ceil(this.#program.length / MARKS_PER_STEP))) return false;
    const marks = new Uint32Array(this.#program.length);
    let at = 0;
    for (let round = 1; ; round += 1) {
      const code = text.codePointAt(at);
      // A match may begin here too.
      if (this.#follow(0, text, at, now, marks, round, steps)) return true;
      if (code === undefined || steps.areSpent) return false;
      at += code > 0xffff ? 2 : 1;
      for (const index of now) {
        const instruction = this.#program[index];
        if (instruction?.op !== "one" || !steps.spend(1) || !instruction.takes(code)) continue;
        if (this.#follow(index + 1, text, at, next, marks, round + 1, steps)) return true;
      }
      [now, next] = [next, now];
      next.length = 0;
    }
  }

  /**
   * Adds the instructions that are reachable without consuming a character.
   * @returns true when the end of the pattern is reachable.
   */
  #follow(
    from: number,
    text: string,
    at: number,
    into: number[],
    marks: Uint32Array,
    round: number,
    steps: Steps,
  ): boolean {
    const open = [from];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (marks[index] === round) continue;
      marks[index] = round;
      if (!steps.spend(1)) return false;
      const instruction = this.#program[index];
      if (instruction?.op === "match") return true;
      if (instruction?.op === "one") into.push(index);
      else if (instruction?.op === "fork") open.push(instruction.second, instruction.first);
      else if (instruction !== undefined && holds(instruction.what, text, at)) open.push(index + 1);
    }
    return false;
  }
}

const isWordAt = (text: string, at: number): boolean => /^\w$/.test(text.charAt(at));

function holds(what: Assertion, text: string, at: number): boolean {
  if (what === "start") return at === 0;
  if (what === "end") return at === text.length;
  return (isWordAt(text, at - 1) !== isWordAt(text, at)) === (what === "boundary");
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
