/** Credentials in texts that people read: what looks like one is cut out, wherever the text came from. */

/** API keys, operator tokens, and JWTs (RFC 7519: three parts, the first of which begins with `{"`). */
const CREDENTIAL = /dome_[a-z]{2}_[0-9A-Za-z]+|eyJ[\w-]{8,}(?:\.[\w-]*){0,2}/g;

/** @returns the text with `[redacted]` in the place of each credential. */
export const withoutSecrets = (text: string): string => text.replace(CREDENTIAL, "[redacted]");

/** The cause of an error as far as it may be shown: its name, code and message, without what it holds beside them. */
export function shownCause(fault: unknown): Error | undefined {
  if (!(fault instanceof Error)) return undefined;
  const inner = fault.cause instanceof Error ? fault.cause : fault;
  const code = "code" in inner && typeof inner.code === "string" ? ` (${inner.code})` : "";
  const shown = new Error(withoutSecrets(`${inner.message}${code}`));
  shown.name = fault.name;
  shown.stack = `${shown.name}: ${shown.message}`;
  return shown;
}
