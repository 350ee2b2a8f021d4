/**
 * What is looked for in texts: one of a few built-in kinds, or an expression between slashes. An expression is matched in
 * time linear in the text (`registry/pattern.ts`), and every character that any match of it covers is masked.
 */
import { BUILT_IN_PATTERNS, type BuiltInPattern } from "../../contract/redaction.ts";
import { credentialsIn } from "../../kernel/redact.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { PATTERN_FAULTS } from "../pattern-program.ts";
import { Pattern } from "../pattern.ts";
import type { Steps } from "../steps.ts";
import { cardNumbersIn } from "./card-number.ts";
import { emailsIn } from "./email.ts";
import { ibansIn } from "./iban.ts";
import type { Span } from "../../kernel/spans.ts";

/** @returns what is found, in any order; not all of it when the steps are used up. */
export type Finder = (text: string, steps: Steps) => readonly Span[];

/** A look at each character, beside what a kind spends where something may begin. */
const builtIn =
  (find: Finder): Finder =>
  (text, steps) =>
    steps.spend(text.length) ? find(text, steps) : [];

const BUILT_IN: Readonly<Record<BuiltInPattern, Finder>> = {
  card_number: builtIn(cardNumbersIn),
  credential: builtIn((text) => credentialsIn(text)),
  email: builtIn(emailsIn),
  iban: builtIn(ibansIn),
};

const isBuiltIn = (name: string): name is BuiltInPattern =>
  (BUILT_IN_PATTERNS as readonly string[]).includes(name);

/** @returns the finder, or what is wrong, worded to follow the pattern. */
export function finderOf(pattern: string): Result<Finder, string> {
  if (isBuiltIn(pattern)) return ok(BUILT_IN[pattern]);
  if (pattern.length < 3 || !pattern.startsWith("/") || !pattern.endsWith("/"))
    return err(`is neither an expression between slashes nor one of ${BUILT_IN_PATTERNS.join(", ")}`);
  const compiled = Pattern.compile(pattern.slice(1, -1));
  if (!compiled.ok) return err(PATTERN_FAULTS[compiled.error]);
  const expression = compiled.value;
  if (expression.takesNothing) return err("matches the empty text, and so everywhere");
  return ok((text, steps) => expression.spans(text, steps));
}
