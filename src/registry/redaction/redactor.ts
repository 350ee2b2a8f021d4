/**
 * Redacts one answer, or one message of one. Values under a path, and what a pattern finds, become `[redacted]`; every
 * other byte of JSON stays as it was written, with its numbers, its white space and its repeated members.
 *
 * A text that is JSON itself is redacted as JSON, wherever it stands. What cannot be redacted surely is not passed on:
 * the answer is refused, or a text in it masked whole. The work is linear in the answer, and bounded in steps.
 */
import { Steps } from "../steps.ts";
import { JsonPass, type JsonPlaces, type TextRedaction } from "./json-pass.ts";
import type { Places } from "./paths.ts";
import type { RedactionRules } from "./rules.ts";
import { masked, REDACTED, type Span } from "../../kernel/spans.ts";
import { jsonIn, mayHold, withoutEscapes } from "./texts.ts";

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
   * @param placesIn the places of the value that is parsed; null: it cannot be redacted.
   * @returns null: it is not JSON, or nested too deeply, or cannot be redacted.
   */
  json(text: string, placesIn: (value: unknown) => JsonPlaces | null = () => ({})): string | null {
    const parsed = this.#parsed(text);
    const places = parsed === null ? null : placesIn(parsed.value);
    return places === null ? null : new JsonPass(this, text, places, 0).redacted();
  }

  /**
   * A text, which may be JSON itself.
   * @param within how many texts of JSON it stands in.
   * @param places where in the paths it stands: to whoever parses it, they go on in it.
   */
  text(text: string, within = 0, places: Places = []): string {
    if (this.isSpent) return REDACTED;
    const json = jsonIn(text);
    if (json !== null && this.#parsed(json) !== null) {
      const inner = { begin: this.rules.paths.startAt(places) };
      const redacted = within < MOST_WITHIN ? new JsonPass(this, json, inner, within + 1).redacted() : null;
      if (redacted === null) return this.mask(); // too deep
      return redacted === json ? text : redacted;
    }
    const { paths } = this.rules;
    return !paths.isEmpty && mayHold(text, paths.names, this.steps) ? this.mask() : this.words(text);
  }

  /** A text by patterns alone. */
  words(text: string): string {
    const spans = this.#spansIn(text);
    if (spans === null) return this.mask();
    const after = masked(text, spans);
    // Whoever takes a text for JSON, or for code, reads its escapes: no place of what they hide is sure.
    const read = withoutEscapes(after);
    if (read !== after && this.#spansIn(read)?.length !== 0) return this.mask();
    if (spans.length > 0) this.count += 1;
    return after;
  }

  /** @returns null: the steps are used up, and not all was looked at. */
  #spansIn(text: string): readonly Span[] | null {
    const spans: Span[] = [];
    for (const find of this.rules.finders) {
      for (const span of find(text, this.steps)) spans.push(span);
      if (this.isSpent) return null;
    }
    return spans;
  }

  mask(): string {
    this.count += 1;
    return REDACTED;
  }

  /** @returns null: it is not JSON. */
  #parsed(text: string): { readonly value: unknown } | null {
    this.steps.spend(Math.ceil(text.length / 4));
    try {
      return { value: JSON.parse(text) };
    } catch {
      return null; // always a SyntaxError
    }
  }
}
