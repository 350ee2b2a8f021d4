/** What of the answers of a tool's server no agent gets. */
import { z } from "zod";

/** What can be looked for by name, in texts. `credential`: keys and operator tokens of Dome, and signed tokens (JWS, JWE). */
export const BUILT_IN_PATTERNS = ["card_number", "credential", "email", "iban"] as const;
export type BuiltInPattern = (typeof BUILT_IN_PATTERNS)[number];

export const MOST_REDACT_PATHS = 32;
export const MOST_REDACT_PATTERNS = 16;

const unique = (items: readonly string[]): boolean => new Set(items).size === items.length;
const TWICE = { message: "must not name anything twice" };

/** RFC 6901, with `*` for any one member or item, and `**` for any number of them. The whole document has no path. */
const redactPath = z
  .string()
  .max(256)
  .regex(
    /^(?:\/(?:[^~/]|~[01])*){1,16}$/,
    "must be a JSON Pointer of at most 16 steps, such as /customer/iban",
  )
  .refine((text) => !text.endsWith("/**"), "must not end in **")
  .refine((text) => text.isWellFormed(), "must not have half a character (a lone surrogate)");

export const redactPaths = z.array(redactPath).max(MOST_REDACT_PATHS).refine(unique, TWICE);

/** The contents of an expression are checked by the code that compiles it. */
const redactPattern = z
  .string()
  .regex(
    /^(?:[a-z][a-z_]{0,31}|\/[^\p{Cc}]{1,256}\/)$/u,
    `must be one of ${BUILT_IN_PATTERNS.join(", ")}, or an expression between slashes of at most 256 characters`,
  );

export const redactPatterns = z.array(redactPattern).max(MOST_REDACT_PATTERNS).refine(unique, TWICE);

/** Of an answer that Dome cannot read as its rules need. */
export const redactUnreadable = z.enum(["refuse", "pass"]);
export type RedactUnreadable = z.output<typeof redactUnreadable>;
