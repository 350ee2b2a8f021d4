/**
 * Headers of a call that its tool's entry names: part of what is decided on, recorded, and told to the server. Nothing
 * else of a caller's headers is.
 */
import type { ContextHeader } from "../contract/upstream.ts";
import { holdsCredential } from "../kernel/redact.ts";
import { err, ok, type Result } from "../kernel/result.ts";

/** By name, in lower case. */
export type ContextHeaders = Readonly<Record<string, string>>;

export interface HeaderFault {
  readonly name: string;
  readonly why: "missing" | "unusable";
}

/** The longest value, in characters. It is kept in the ledger for as long as the decision. */
export const MOST_CONTEXT_VALUE = 256;
const VALUE = /^[!-~](?:[ -~]*[!-~])?$/;

/**
 * @param headers of the request at a door.
 * @returns what the entry names, or the first that is missing although it is required, or that cannot be recorded as it
 * is: too long, not visible ASCII, or with a credential in it (P4).
 */
export function contextHeadersOf(
  named: readonly ContextHeader[],
  headers: Headers,
): Result<ContextHeaders, HeaderFault> {
  const found: Record<string, string> = {};
  for (const { name, required } of named) {
    const value = headers.get(name);
    if (value === null && required) return err({ name, why: "missing" });
    if (value === null) continue;
    if (value.length > MOST_CONTEXT_VALUE || !VALUE.test(value) || holdsCredential(value))
      return err({ name, why: "unusable" });
    found[name] = value;
  }
  return ok(found);
}
