/** Origins in a setting, with commas or spaces between. */
import { err, ok, type Result } from "./result.ts";

/**
 * A misspelt origin would be an exemption that nobody finds missing, so it is not passed over.
 * @returns the origins as they are compared, or the first word that is none: only http and https have a host to call.
 */
export function parseOrigins(text: string): Result<readonly string[], string> {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const wrong = words.find((word) => !/^https?:\/\//.test(word) || !isOrigin(word));
  return wrong === undefined ? ok(words) : err(wrong);
}

const isOrigin = (word: string): boolean => URL.canParse(word) && new URL(word).origin === word;
