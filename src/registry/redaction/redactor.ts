/**
 * Redacts one answer, or one message of one. Values under a path, and what a pattern finds, become `[redacted]`; every
 * other byte of JSON stays as it was written, with its numbers, its white space and its repeated members.
 *
 * A text that is JSON itself is redacted as JSON, wherever it stands. What cannot be redacted surely is not passed on:
 * the answer is refused, or a text in it masked whole. The work is linear in the answer, and bounded in steps.
 */
import { MAX_JSON_DEPTH } from "../../kernel/strict-json.ts";
import { Steps } from "../steps.ts";
import { JsonPass, type JsonPlaces, type TextRedaction } from "./json-pass.ts";
import type { RedactionRules } from "./rules.ts";
import { masked, REDACTED, type Span } from "./spans.ts";
import { mayHold, jsonIn } from "./texts.ts";

/** The steps for one answer or message: about half a second. */
export const MOST_REDACTION_STEPS = 20_000_000;
/** JSON in texts of JSON, in texts of that: deeper texts are masked whole. */
const MOST_WITHIN = 4;

export class Redactor implements TextRedaction {
  readonly rules: RedactionRules;
  readonly steps: Steps;
  /** How many values, or parts of texts, were redacted. */
  count = 0;

  constructor(rules: RedactionRules, steps: Steps = new Steps(MOST_REDACTION_STEPS)) {
    this.rules = rules;
    this.steps = steps;
  }

  /** The work was too much: nothing of the answer may be passed on. */
  get isSpent(): boolean {
    return this.steps.areSpent;
  }

  /**
   * @param within how many texts of JSON this one stands in.
   * @returns null: it is not JSON, or nested too deeply.
   */
  json(text: string, places: JsonPlaces = {}, within = 0): string | null {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return null; // always a SyntaxError
    }
    this.steps.spend(Math.ceil(text.length / 4));
    if (typeof value === "object" && value !== null && isTooDeep(text)) return null;
    return new JsonPass(this, text, places, within).redacted();
  }

  /** A text, which may be JSON itself. */
  text(text: string, within = 0): string {
    if (this.isSpent) return REDACTED;
    const json = jsonIn(text);
    if (json !== null) {
      const redacted = within < MOST_WITHIN ? this.json(json, {}, within + 1) : null;
      if (redacted !== null) return redacted === json ? text : redacted;
      if (isJson(json)) return this.mask(); // too deep
    }
    const { paths } = this.rules;
    return !paths.isEmpty && mayHold(text, paths.names, this.steps) ? this.mask() : this.words(text);
  }

  /** A text by patterns alone. */
  words(text: string): string {
    const spans: Span[] = [];
    for (const find of this.rules.finders) {
      if (this.isSpent) return this.mask();
      for (const span of find(text, this.steps)) spans.push(span);
    }
    if (spans.length === 0) return text;
    this.count += 1;
    return masked(text, spans);
  }

  mask(): string {
    this.count += 1;
    return REDACTED;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // always a SyntaxError
  }
}

/** @param text valid JSON. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      for (at += 1; text[at] !== '"'; at += 1) if (text[at] === "\\") at += 1;
    } else if (character === "{" || character === "[") {
      depth += 1;
      if (depth > MAX_JSON_DEPTH) return true;
    } else if (character === "}" || character === "]") depth -= 1;
  }
  return false;
}
