/** How the answers of a tool's server are redacted: compiled once for each entry of the catalog. */
import type { RedactUnreadable } from "../../contract/redaction.ts";
import { oncePer } from "../../kernel/once-per.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { finderOf, type Finder } from "./patterns.ts";
import { Paths } from "./paths.ts";

/** As an operator has set them. */
export interface RedactionSettings {
  readonly redactPaths: readonly string[];
  readonly redactPatterns: readonly string[];
  readonly redactUnreadable: RedactUnreadable;
}

export interface RedactionRules {
  readonly paths: Paths;
  readonly finders: readonly Finder[];
  /** What Dome cannot read passes; otherwise it is refused. */
  readonly passesUnreadable: boolean;
}

/** A pattern that is none, and what is wrong with it, worded to follow it. */
interface RedactionFault {
  readonly pattern: string;
  readonly detail: string;
}

export const isRedacting = ({ redactPaths, redactPatterns }: RedactionSettings): boolean =>
  redactPaths.length > 0 || redactPatterns.length > 0;

export function compileRedaction({
  redactPaths,
  redactPatterns,
  redactUnreadable,
}: RedactionSettings): Result<RedactionRules, RedactionFault> {
  const finders: Finder[] = [];
  for (const pattern of redactPatterns) {
    const finder = finderOf(pattern);
    if (!finder.ok) return err({ pattern, detail: finder.error });
    finders.push(finder.value);
  }
  return ok({ paths: new Paths(redactPaths), finders, passesUnreadable: redactUnreadable === "pass" });
}

/**
 * The rules of an entry; null: its answers pass as they are.
 * @throws Error when a pattern is none: it was checked before it was stored, so an answer must not pass without it.
 */
export const redactionOf: (settings: RedactionSettings) => RedactionRules | null = oncePer((settings) => {
  if (!isRedacting(settings)) return null;
  const compiled = compileRedaction(settings);
  if (!compiled.ok) throw new Error(`a stored redaction pattern ${compiled.error.detail}`);
  return compiled.value;
});
