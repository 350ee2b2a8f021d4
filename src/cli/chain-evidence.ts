/** Reads a file with a chain: a token, receipts, or an answer of the service that contains them. Pure. */
import { defined } from "../kernel/defined.ts";
import { JSON_FAULTS, parseJson, pointerOf } from "../kernel/strict-json.ts";
import { usage } from "./exit.ts";
import { decodeToken } from "./token-text.ts";

export interface Evidence {
  readonly token?: string;
  readonly receipts?: readonly string[];
}

const COMPACT = /^eyJ[^\s{["]*$/;

/**
 * Accepts a call token or one receipt, a JSON array of receipts (newest first), or a JSON object with `access_token` or
 * `actor_receipts` (a token response, an introspection answer).
 * @throws CommandFailure (exit 2) for anything else.
 */
export function readEvidence(text: string): Evidence {
  const trimmed = text.trim();
  if (COMPACT.test(trimmed))
    return decodeToken(trimmed)?.header["typ"] === "actor-receipt+jwt"
      ? { receipts: [trimmed] }
      : { token: trimmed };
  const parsed = parseJson(trimmed, { numbers: "finite" });
  if (!parsed.ok)
    throw usage(
      parsed.error.kind === "malformed"
        ? NOTHING
        : `the file${pointerOf(parsed.error)} ${JSON_FAULTS[parsed.error.kind]}`,
    );
  const { value } = parsed;
  if (Array.isArray(value)) return { receipts: texts(value, "the array") };
  if (typeof value !== "object" || value === null) throw usage(NOTHING);
  const members: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(value));
  const { access_token: token, actor_receipts: receipts, active } = members;
  if (active === false)
    throw usage("the service answered that the token is not active, and says no more about such a token");
  if (token !== undefined && typeof token !== "string") throw usage("access_token is not a string");
  if (token === undefined && receipts === undefined) throw usage(NOTHING);
  return defined({
    token,
    receipts: receipts === undefined ? undefined : texts(receipts, "actor_receipts"),
  });
}

const NOTHING =
  "this is not a chain: it must be a call token, a JSON array of receipts, or a JSON object with access_token or actor_receipts";

function texts(value: unknown, what: string): readonly string[] {
  const items: unknown[] = Array.isArray(value) ? value : [null];
  const strings = items.filter((item) => typeof item === "string");
  if (strings.length < items.length) throw usage(`${what} must hold only receipts`);
  return strings;
}
