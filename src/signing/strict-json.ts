/** The JSON objects of signed texts. They are stored as they were signed, so their numbers need only be finite. */
import { fromBase64Url } from "../kernel/bytes.ts";
import { parseJsonBytes } from "../kernel/strict-json.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** @returns the object, or `undefined` when the bytes are not UTF-8, not strict JSON, or not an object. */
export function parseObject(bytes: Uint8Array): JsonObject | undefined {
  const parsed = parseJsonBytes(bytes, { numbers: "finite" });
  return parsed.ok && isObject(parsed.value) ? parsed.value : undefined;
}

/** The same for a base64url segment of a compact JWS. */
export function parseSegment(segment: string): JsonObject | undefined {
  let bytes: Uint8Array;
  try {
    bytes = fromBase64Url(segment);
  } catch {
    return undefined; // not base64url
  }
  return parseObject(bytes);
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
