/**
 * What a schema or an operation expects of its arguments: the end of a sentence about the place that does not match.
 * Nothing of the arguments is in it (P4).
 */

/** The most characters of a sentence that repeats what the schema says. */
export const MOST_EXPECTED = 200;

/** Keywords of JSON Schema whose limit is a number. */
const OF_NUMBERS: Readonly<Record<string, (limit: string) => string>> = {
  minimum: (limit) => `must be at least ${limit}`,
  maximum: (limit) => `must be at most ${limit}`,
  exclusiveMinimum: (limit) => `must be more than ${limit}`,
  exclusiveMaximum: (limit) => `must be less than ${limit}`,
  multipleOf: (limit) => `must be a multiple of ${limit}`,
  minLength: (limit) => `must have at least ${limit} characters`,
  maxLength: (limit) => `must have at most ${limit} characters`,
  minItems: (limit) => `must have at least ${limit} items`,
  maxItems: (limit) => `must have at most ${limit} items`,
  minProperties: (limit) => `must have at least ${limit} members`,
  maxProperties: (limit) => `must have at most ${limit} members`,
  minContains: (limit) => `must have at least ${limit} items that match contains`,
  maxContains: (limit) => `must have at most ${limit} items that match contains`,
};

/** The other keywords, and what keeps a request of an operation from being read in one way only. */
const EXPECTED: Readonly<Record<string, string>> = {
  additionalProperties: "has a member that is not declared",
  anyOf: "must match one of the schemas in anyOf",
  boundary: "is in a body whose Content-Type has no single boundary",
  const: "must be the one value that the schema has",
  contains: "must have an item that matches contains",
  contentType: "is of a type that the operation does not take",
  delimiter: "is in a body whose parts are not delimited as RFC 7578 says",
  dependentRequired: "lacks a member that another one needs",
  enum: "must be one of the values that the schema lists",
  escape: "has an escape that is not a character",
  false: "must not be there",
  format: "is not in the format that the schema names",
  items: "has an item more than the schema allows",
  json: "is not JSON",
  noBody: "is a body, and the operation takes none",
  not: "matches what it must not match",
  oneOf: "must match exactly one of the schemas in oneOf",
  partHeaders: "is in a body with a part whose headers are not those of RFC 7578",
  pattern: "does not match the pattern of the schema",
  patternProperties: "has a member that the schema forbids",
  prefixItems: "has an item that the schema forbids",
  properties: "has a member that the schema forbids",
  propertyNames: "has a member whose name does not match the schema",
  repeated: "is there twice",
  required: "is missing",
  schema: "cannot be checked, because the schema cannot be used; an operator corrects it",
  steps: "needs more steps than one check may take",
  style: "is not written in the style that the operation declares",
  tooManyParts: "is in a body with too many parts",
  type: "is of another type than the schema says",
  unevaluatedItems: "has an item more than the schema allows",
  unevaluatedProperties: "has a member that is not declared",
  uniqueItems: "has an item twice",
};

/** The end of a sentence about a value. */
export const mustBe = (choices: readonly string[]): string => `must be ${choices.join(" or ")}`;

/** @param limit what the schema says, where it is short enough to be repeated. */
export function expected(keyword: string, limit?: string | number): string {
  const sentence = limit === undefined ? undefined : OF_NUMBERS[keyword]?.(String(limit));
  return sentence ?? EXPECTED[keyword] ?? `does not match ${keyword}`;
}
