/** The form of a compiled schema. */
import { divides } from "./multiple.ts";
import type { Pattern } from "./pattern.ts";
import type { Steps } from "./steps.ts";

export const COUNTS = [
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "minContains",
  "maxContains",
] as const;
type Count = (typeof COUNTS)[number];
export const SCHEMAS = [
  "additionalProperties",
  "unevaluatedProperties",
  "propertyNames",
  "items",
  "unevaluatedItems",
  "contains",
  "not",
  "if",
  "then",
  "else",
] as const;
type SchemaWord = (typeof SCHEMAS)[number];

/** One compiled schema. An absent member imposes no rule. */
export interface Node extends Readonly<Partial<Record<SchemaWord, Node>>> {
  /** The schema `false`. */
  readonly never?: true;
  readonly types?: readonly string[];
  /** From `const` or `enum`: the key of the value must be one of these. */
  readonly constants?: {
    readonly keyword: string;
    readonly keys: ReadonlySet<string>;
    /** The values as the end of a sentence. */
    readonly expected: string;
  };
  readonly counts: Readonly<Partial<Record<Count, number>>>;
  readonly numbers: readonly NumberRule[];
  readonly patterns: readonly Pattern[];
  readonly format?: string;
  readonly uniqueItems: boolean;
  readonly prefixItems: readonly Node[];
  readonly properties: ReadonlyMap<string, Node>;
  readonly patternProperties: readonly (readonly [Pattern, Node])[];
  readonly required: readonly string[];
  readonly dependentRequired: readonly (readonly [string, readonly string[]])[];
  readonly dependentSchemas: readonly (readonly [string, Node])[];
  readonly allOf: readonly Node[];
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly asksWhatWasSeen: boolean;
}

/** A rule for a number. */
type Rule = (value: number, steps: Steps) => boolean;

interface NumberRule {
  readonly keyword: string;
  readonly limit: number;
  readonly holds: Rule;
}

export type Building = { -readonly [M in keyof Node]: Node[M] } & {
  readonly counts: Partial<Record<Count, number>>;
  readonly numbers: NumberRule[];
  readonly allOf: Node[];
};

export const blank = (): Building => ({
  counts: {},
  numbers: [],
  patterns: [],
  uniqueItems: false,
  prefixItems: [],
  properties: new Map(),
  patternProperties: [],
  required: [],
  dependentRequired: [],
  dependentSchemas: [],
  allOf: [],
  asksWhatWasSeen: false,
});
export const NEVER: Node = { ...blank(), never: true };

/** Keywords for numbers, each with the rule that a limit makes. */
export const LIMITS: ReadonlyMap<string, (limit: number) => Rule> = new Map([
  ["minimum", (limit) => (value) => value >= limit],
  ["maximum", (limit) => (value) => value <= limit],
  ["exclusiveMinimum", (limit) => (value) => value > limit],
  ["exclusiveMaximum", (limit) => (value) => value < limit],
  ["multipleOf", (limit) => (value, steps) => divides(limit, value, steps)],
]);
