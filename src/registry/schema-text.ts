/** A schema as its author wrote it: its size, its depth, and the targets of references in it. */
import { utf8 } from "../kernel/bytes.ts";
import { atPointer } from "../kernel/json-pointer.ts";

export const MOST_SCHEMA_BYTES = 32_768;
const MOST_DEPTH = 32;

export type JsonSchema = Readonly<Record<string, unknown>>;

export function lookUp(root: JsonSchema, ref: string): unknown {
  try {
    return atPointer(root, decodeURIComponent(ref.slice(1)));
  } catch {
    return undefined; // a % without two hexadecimal digits
  }
}

export const isObject = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const bytesOf = (value: unknown): number => utf8(JSON.stringify(value)).length;

/** Checked first, so that later code may walk the schema recursively. */
export function sizeFault(schema: JsonSchema): string | null {
  if (isDeeper(schema, MOST_DEPTH)) return `is nested deeper than ${MOST_DEPTH} levels`;
  return bytesOf(schema) > MOST_SCHEMA_BYTES ? `has more than ${MOST_SCHEMA_BYTES} bytes` : null;
}

function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return most === 0 || Object.values(value).some((each) => isDeeper(each, most - 1));
}
