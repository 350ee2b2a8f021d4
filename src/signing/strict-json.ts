/**
 * JSON that means one thing. Two parsers that pick different ones of two equal members see two different tokens
 * (RFC 8725bis, "duplicate keys"), so a repeated member is refused.
 */
import { fromBase64Url, fromUtf8 } from "../kernel/bytes.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** @returns the object, or `undefined` when the bytes are not UTF-8, not a JSON object, or repeat a member. */
export function parseObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = fromUtf8(bytes);
    const value: unknown = JSON.parse(text);
    return isObject(value) && countMembers(value) === countColons(text) ? value : undefined;
  } catch {
    return undefined; // TextDecoder and JSON.parse throw on bad input, and on nothing else
  }
}

/** The same for a base64url segment of a compact JWS. */
export function parseSegment(segment: string): JsonObject | undefined {
  try {
    return parseObject(fromBase64Url(segment));
  } catch {
    return undefined; // not base64url
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** In valid JSON each member has exactly one colon outside strings: more colons than members left is a repeat. */
const countColons = (text: string): number => text.replace(/"(?:[^"\\]|\\.)*"/g, "").split(":").length - 1;

/** All members of all objects. Counts without recursion, since the nesting is the sender's choice. */
export function countMembers(root: unknown): number {
  let members = 0;
  const open: unknown[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const children: readonly unknown[] = Object.values(value);
    if (!Array.isArray(value)) members += children.length;
    open.push(...children);
  }
  return members;
}
