/** One pass over JSON that has been parsed before, without recursion: what is redacted is cut out of the text. */
import { pointerTo } from "../../kernel/json-pointer.ts";
import { MAX_JSON_DEPTH } from "../../kernel/strict-json.ts";
import type { Steps } from "../steps.ts";
import type { Places } from "./paths.ts";
import type { RedactionRules } from "./rules.ts";
import { REDACTED } from "../../kernel/spans.ts";

/** Places as JSON Pointers (RFC 6901). */
export interface JsonPlaces {
  /** Members that stay as they are, at most two levels deep. */
  readonly kept?: ReadonlySet<string>;
  /** Texts that are binary content, and pass as they are. */
  readonly binary?: ReadonlySet<string>;
  /** Members in which paths begin, two levels deep. Without it they begin at the whole value. */
  readonly roots?: ReadonlySet<string>;
  /** Where in the paths the whole value stands, without roots; by default at their beginning. */
  readonly begin?: Places;
}

/** What becomes of the texts, and the count of what was redacted. */
export interface TextRedaction {
  readonly rules: RedactionRules;
  readonly steps: Steps;
  readonly count: number;
  readonly isSpent: boolean;
  /** A value of a member. */
  text(text: string, within: number, places: Places): string;
  /** A name, or a number. */
  words(text: string): string;
  /** Counts what is masked whole. */
  mask(): string;
}

interface Level {
  readonly isObject: boolean;
  readonly places: Places;
  /** The name of the member, or the index of the item, that is read. */
  at: string | number;
}

const MASK = JSON.stringify(REDACTED);
const NUMBER = /[-+.eE\d]+/y;

export class JsonPass {
  readonly #redactor: TextRedaction;
  readonly #text: string;
  readonly #places: JsonPlaces;
  readonly #within: number;
  readonly #levels: Level[] = [];
  readonly #pieces: string[] = [];
  /** Everything before it is in the pieces. */
  #taken = 0;
  #at = 0;

  constructor(redactor: TextRedaction, text: string, places: JsonPlaces, within: number) {
    this.#redactor = redactor;
    this.#text = text;
    this.#places = places;
    this.#within = within;
  }

  /** @returns the same text when nothing was redacted; null: it is nested too deeply. */
  redacted(): string | null {
    let isName = false;
    while (this.#at < this.#text.length) {
      const character = this.#text.charAt(this.#at);
      if (character === "}" || character === "]") {
        this.#levels.pop();
        isName = false;
        this.#at += 1;
      } else if (character === ",") {
        const level = this.#levels.at(-1);
        isName = level?.isObject === true;
        if (typeof level?.at === "number") level.at += 1;
        this.#at += 1;
      } else if (isName && character === '"') {
        this.#name();
        isName = false;
      } else if (" \t\n\r:".includes(character)) this.#at += 1;
      else isName = this.#value(character);
      if (this.#redactor.isSpent) return MASK;
      if (this.#levels.length > MAX_JSON_DEPTH) return null;
    }
    if (this.#taken === 0) return this.#text;
    return this.#pieces.join("") + this.#text.slice(this.#taken);
  }

  /** @returns whether a name comes next. */
  #value(character: string): boolean {
    const { paths } = this.#redactor.rules;
    const outer = this.#levels.length === 1 || this.#levels.length === 2 ? this.#pointer() : null;
    const places = this.#placesHere(outer);
    const from = this.#at;
    if (outer !== null && this.#places.kept?.has(outer) === true) {
      this.#skip();
    } else if (paths.isMeant(places)) {
      this.#skip();
      this.#replace(from, JSON.stringify(this.#redactor.mask()));
    } else if (character === "{" || character === "[") {
      this.#levels.push({ isObject: character === "{", places, at: character === "{" ? "" : 0 });
      this.#at += 1;
      return character === "{";
    } else if (character === '"') {
      const text = this.#string();
      if (!this.#isBinary()) {
        const after = this.#redactor.text(text, this.#within, places);
        if (after !== text) this.#replace(from, JSON.stringify(after));
      }
    } else this.#scalar(from);
    return false;
  }

  #pointer(): string {
    return pointerTo(this.#levels.map(({ at }) => at));
  }

  #isBinary(): boolean {
    const { binary } = this.#places;
    return binary !== undefined && binary.size > 0 && binary.has(this.#pointer());
  }

  #placesHere(outer: string | null): Places {
    const { rules, steps } = this.#redactor;
    const { roots, begin = rules.paths.start } = this.#places;
    const level = this.#levels.at(-1);
    const isRoot = roots === undefined ? level === undefined : outer !== null && roots.has(outer);
    if (isRoot) return begin;
    return level === undefined ? [] : rules.paths.within(level.places, level.at, steps);
  }

  /** Two names can become one by masking: a number keeps them apart. */
  #name(): void {
    const from = this.#at;
    const name = this.#string();
    const level = this.#levels.at(-1);
    if (level !== undefined) level.at = name;
    const after = this.#redactor.words(name);
    if (after !== name) this.#replace(from, JSON.stringify(`${after} #${this.#redactor.count}`));
  }

  /** A number is looked at as it is written, and as it is meant: `4.2e1` is 42. */
  #scalar(from: number): void {
    NUMBER.lastIndex = from;
    const written = NUMBER.exec(this.#text)?.[0];
    if (written === undefined || !/^[-\d]/.test(written)) {
      this.#at += this.#text.startsWith("false", from) ? 5 : 4;
      return;
    }
    this.#at += written.length;
    const before = this.#redactor.count;
    this.#redactor.words(written);
    if (this.#redactor.count === before && /[eE.]/.test(written)) {
      this.#redactor.words(String(Number(written)));
    }
    if (this.#redactor.count !== before) this.#replace(from, MASK);
  }

  /** Reads a string, whose escapes allow several spellings. */
  #string(): string {
    const from = this.#at;
    this.#skipString();
    const quoted = this.#text.slice(from, this.#at);
    return quoted.includes("\\") ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
  }

  #skipString(): void {
    for (this.#at += 1; this.#text[this.#at] !== '"'; this.#at += 1) {
      if (this.#text[this.#at] === "\\") this.#at += 1;
    }
    this.#at += 1;
  }

  /** Advances behind the value that begins here. */
  #skip(): void {
    let depth = 0;
    do {
      const character = this.#text.charAt(this.#at);
      if (character === '"') this.#skipString();
      else if (character === "{" || character === "[") {
        depth += 1;
        this.#at += 1;
      } else if (character === "}" || character === "]") {
        depth -= 1;
        this.#at += 1;
      } else if (" \t\n\r:,".includes(character)) this.#at += 1;
      else {
        while (this.#at < this.#text.length && !" \t\n\r:,]}".includes(this.#text.charAt(this.#at)))
          this.#at += 1;
      }
    } while (depth > 0);
  }

  #replace(from: number, json: string): void {
    this.#pieces.push(this.#text.slice(this.#taken, from), json);
    this.#taken = this.#at;
  }
}
