/** The supported dialects of JSON Schema, and their differences. */

export const ANNOTATIONS: ReadonlySet<string> = new Set(
  "$comment title description default examples deprecated readOnly writeOnly contentEncoding contentMediaType contentSchema".split(
    " ",
  ),
);
export const LATEST = "https://json-schema.org/draft/2020-12/schema";
export const DRAFT_7 = "http://json-schema.org/draft-07/schema";
/** Keywords of 2020-12 that draft 7 does not know and would ignore. */
export const NOT_IN_DRAFT_7: ReadonlySet<string> = new Set(
  "unevaluatedProperties unevaluatedItems prefixItems dependentRequired dependentSchemas minContains maxContains".split(
    " ",
  ),
);
/** Keywords accepted beside a `$ref` in draft 7, which ignores everything beside it. */
export const BESIDE_REFERENCE: ReadonlySet<string> = new Set([
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
