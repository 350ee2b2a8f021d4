/** Parses a setting that lists origins, separated by commas or spaces. */
import { err, ok, type Result } from "./result.ts";

/**
 * Refuses a misspelt origin instead of skipping it: otherwise an exemption would be missing and nobody would notice.
 * @returns the origins in the form in which they are compared, or the first word that is not an http or https origin.
 */
export function parseOrigins(text: string): Result<readonly string[], string> {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const wrong = words.find((word) => !/^https?:\/\//.test(word) || !isOrigin(word));
  return wrong === undefined ? ok(words) : err(wrong);
}

const isOrigin = (word: string): boolean => URL.canParse(word) && new URL(word).origin === word;
