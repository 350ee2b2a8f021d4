/** The supported dialects of JSON Schema, and their differences. */
import type { JsonSchema } from "./schema-text.ts";

/** They rule nothing. `$anchor` names a place, to which no reference leads: references are JSON pointers. */
export const ANNOTATIONS: ReadonlySet<string> = new Set(
  "$anchor $comment title description default examples deprecated readOnly writeOnly contentEncoding contentMediaType contentSchema".split(
    " ",
  ),
);
export const LATEST = "https://json-schema.org/draft/2020-12/schema";
export const DRAFT_7 = "http://json-schema.org/draft-07/schema";
/** Keywords of 2020-12 that draft 7 does not know and would ignore. */
const NOT_IN_DRAFT_7: ReadonlySet<string> = new Set(
  "unevaluatedProperties unevaluatedItems prefixItems dependentRequired dependentSchemas minContains maxContains".split(
    " ",
  ),
);
/** Keywords accepted beside a `$ref` in draft 7, which ignores everything beside it. */
const BESIDE_REFERENCE: ReadonlySet<string> = new Set([
  ...ANNOTATIONS,
  "$schema",
  "$ref",
  "$defs",
  "definitions",
]);
export const withoutFragment = (value: unknown): unknown =>
  typeof value === "string" && value.endsWith("#") ? value.slice(0, -1) : value;

export const isDialect = (value: unknown): boolean =>
  [LATEST, DRAFT_7].includes(String(withoutFragment(value)));

/** The keyword of 2020-12 that means what one of draft 7 means there, and what is wrong with it. */
export function draft7Word(
  word: string,
  value: unknown,
  schema: JsonSchema,
): { readonly word: string; readonly fault: string | null } {
  if (NOT_IN_DRAFT_7.has(word)) return { word, fault: "is not a keyword of draft 7" };
  if (Object.hasOwn(schema, "$ref") && !BESIDE_REFERENCE.has(word)) {
    return { word, fault: "stands beside a $ref, where draft 7 ignores it" };
  }
  if (word === "items" && Array.isArray(value)) return { word: "prefixItems", fault: null };
  if (word !== "additionalItems") return { word, fault: null };
  // Without a list of `items`, it has no meaning.
  return { word: Array.isArray(schema["items"]) ? "items" : "$comment", fault: null };
}
