/** Decodes JWTs for people. Nothing is decided here: Dome's doors verify tokens by their own rules. */
import { fromBase64Url } from "../kernel/bytes.ts";
import { parseJsonBytes } from "../kernel/strict-json.ts";

export interface Decoded {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The header and claims of a compact JWS (RFC 7515 §3.1), unverified; null when the text is not one. */
export function decodeToken(text: string): Decoded | null {
  const [header, claims, signature, ...more] = text.split(".");
  if (header === undefined || claims === undefined || signature === undefined || more.length > 0) return null;
  const [first, second] = [part(header), part(claims)];
  return first === null || second === null ? null : { header: first, claims: second };
}

/** True when one of the keys made the signature. Only ES256: Dome chooses the algorithm, not the token. */
export async function verifySignature(
  text: string,
  keys: readonly Readonly<Record<string, unknown>>[],
): Promise<boolean> {
  const { compactVerify, createLocalJWKSet, errors } = await import("jose");
  try {
    await compactVerify(text, createLocalJWKSet({ keys: keys.map((key) => ({ kty: "", ...key })) }), {
      algorithms: ["ES256"],
    });
    return true;
  } catch (fault) {
    if (fault instanceof errors.JOSEError) return false;
    throw fault;
  }
}

/** A decoded part; null when two parsers could read it differently, because showing one reading would mislead. */
function part(text: string): Record<string, unknown> | null {
  const bytes = bytesOf(text);
  const parsed = bytes === null ? null : parseJsonBytes(bytes);
  if (parsed === null || !parsed.ok) return null;
  const { value } = parsed;
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return fromBase64Url(text);
  } catch {
    return null; // not base64url
  }
}
