/**
 * Matches the regular expressions of schemas in time linear in the text. JavaScript's own matcher backtracks, so
 * `^(a+)+$` can take exponential time on some texts, and the caller chooses the text. Here all possible matches are
 * followed at once (Thompson, "Regular Expression Search Algorithm", 1968), and each step is counted against the budget
 * of the whole check.
 *
 * The language is ECMAScript's with the flag `u`, without the constructs that need backtracking: look-ahead,
 * look-behind and back references. The platform's own expressions decide what a single character matches.
 */
import { ok, type Result } from "../kernel/result.ts";
import {
  beginsOf,
  firstOf,
  programOf,
  type Assertion,
  type Instruction,
  type PatternFault,
} from "./pattern-program.ts";
import type { Steps } from "./steps.ts";

/**
 * Allocating the marks of a long program costs more than reading a short text, so it is charged: one step per this many
 * marks.
 */
const MARKS_PER_STEP = 128;

export class Pattern {
  readonly #program: readonly Instruction[];
  /** By ASCII character: whether a match may begin with it. */
  #begins: readonly boolean[] | null = null;

  private constructor(program: readonly Instruction[]) {
    this.#program = program;
  }

  /** Whether the empty text matches, somewhere. */
  get takesNothing(): boolean {
    return firstOf(this.#program).some(({ op }) => op === "match");
  }

  static compile(source: string): Result<Pattern, PatternFault> {
    const program = programOf(source);
    return program.ok ? ok(new Pattern(program.value)) : program;
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
   * Every character that some match covers, from left to right and apart: not the one match that a search would choose,
   * but all of them. So it is one pass: with each instruction goes the earliest place at which a match that has come to
   * it began, which is the first to reach it, because the list is in the order of these places.
   * @returns what was found until the steps were used up.
   */
  spans(text: string, steps: Steps): readonly { readonly start: number; readonly end: number }[] {
    const spans: { start: number; end: number }[] = [];
    let now: Thread[] = [];
    let next: Thread[] = [];
    if (!steps.spend(Math.ceil(text.length / MARKS_PER_STEP + this.#program.length / MARKS_PER_STEP)))
      return spans;
    const marks = new Uint32Array(this.#program.length);
    const into: number[] = [];
    const follow = (index: number, at: number, start: number, list: Thread[], round: number): void => {
      into.length = 0;
      if (this.#follow(index, text, at, into, marks, round, steps, false)) add(spans, start, at);
      for (const each of into) list.push({ index: each, start });
    };
    for (let at = 0, round = 1; !steps.areSpent; round += 1) {
      if (now.length === 0) {
        at = this.#nextBegin(text, at);
        round += 1; // what was tried at another place is tried anew
      }
      const code = text.codePointAt(at);
      if (code === undefined) return spans;
      follow(0, at, at, now, round);
      at += code > 0xffff ? 2 : 1;
      for (const { index, start } of now) {
        const instruction = this.#program[index];
        if (instruction?.op !== "one" || !steps.spend(1) || !instruction.takes(code)) continue;
        follow(index + 1, at, start, next, round + 1);
      }
      [now, next] = [next, now];
      next.length = 0;
    }
    return spans;
  }

  #nextBegin(text: string, from: number): number {
    this.#begins ??= beginsOf(this.#program);
    let at = from;
    while (at < text.length && this.#begins[text.charCodeAt(at)] === false) at += 1;
    return at;
  }

  /**
   * Adds the instructions that are reachable without consuming a character.
   * @param isEnough the caller asks only whether the end is reachable: nothing more is added then.
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
    isEnough = true,
  ): boolean {
    let isEnd = false;
    const open = [from];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (marks[index] === round) continue;
      marks[index] = round;
      if (!steps.spend(1)) return false;
      const instruction = this.#program[index];
      if (instruction?.op === "match") {
        if (isEnough) return true;
        isEnd = true;
      } else if (instruction?.op === "one") into.push(index);
      else if (instruction?.op === "fork") open.push(instruction.second, instruction.first);
      else if (instruction !== undefined && holds(instruction.what, text, at)) open.push(index + 1);
    }
    return isEnd;
  }
}

/** An instruction that is reached, by a match that began at `start`. */
interface Thread {
  readonly index: number;
  readonly start: number;
}

/** Adds a match, together with the ones that it overlaps or touches. */
function add(spans: { start: number; end: number }[], start: number, end: number): void {
  let begin = start;
  for (let last = spans.at(-1); last !== undefined && last.end >= begin; last = spans.at(-1)) {
    begin = Math.min(begin, last.start);
    spans.pop();
  }
  spans.push({ start: begin, end });
}

const isWordAt = (text: string, at: number): boolean => /^\w$/.test(text.charAt(at));

function holds(what: Assertion, text: string, at: number): boolean {
  if (what === "start") return at === 0;
  if (what === "end") return at === text.length;
  return (isWordAt(text, at - 1) !== isWordAt(text, at)) === (what === "boundary");
}
