/**
 * From a schema that an operator wrote to one that can be walked in bounded time, or to what is wrong with it.
 *
 * - Every keyword is known, or the schema is refused: a misspelt limit is never a silent one.
 * - A `$ref` stays within its schema and does not lead back to itself. It is resolved here, so the validator sees none,
 *   and the size of what it walks is known (`MOST_NODES`).
 * - What takes more than linear time (patterns, formats, `uniqueItems`) has a bound of its own; beyond it arguments do
 *   not match.
 */
import { format as FORMATS, type Schema } from "@cfworker/json-schema";
import { utf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { checkPattern, MOST_MATCHED, MOST_PATTERN, type PatternFault } from "./match-cost.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

export const MOST_SCHEMA_BYTES = 32_768;
const MOST_DEPTH = 32;
/** Subschemas, each counted as often as it is referred to. */
const MOST_NODES = 2_000;
/** Every item is compared with every other. */
export const MOST_UNIQUE = 256;

/** Where in a schema, as a JSON pointer, and what is wrong there. */
export interface SchemaFault {
  readonly pointer: string;
  readonly detail: string;
}

export interface Compiled {
  readonly schema: Schema | boolean;
  /** The names that the schema itself says: only these are repeated. */
  readonly names: ReadonlySet<string>;
  readonly matchesNames: boolean;
}

type Keyword =
  | "annotation"
  | "schema"
  | "schemas"
  | "map"
  | "patterns"
  | "definitions"
  | "count"
  | "number"
  | "positive"
  | "boolean"
  | "names"
  | "names_of"
  | "type"
  | "list"
  | "any"
  | "pattern"
  | "format"
  | "ref"
  | "dialect";

const kind = (of: Keyword, words: string): [string, Keyword][] => words.split(" ").map((word) => [word, of]);
const KEYWORDS: ReadonlyMap<string, Keyword> = new Map([
  ...kind("annotation", "$comment title description default examples deprecated readOnly writeOnly"),
  ...kind("annotation", "contentEncoding contentMediaType contentSchema"),
  ...kind(
    "schema",
    "additionalProperties unevaluatedProperties propertyNames items unevaluatedItems contains",
  ),
  ...kind("schema", "not if then else"),
  ...kind("schemas", "allOf anyOf oneOf prefixItems"),
  ...kind("map", "properties dependentSchemas"),
  ...kind("patterns", "patternProperties"),
  ...kind("definitions", "$defs definitions"),
  ...kind(
    "count",
    "minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains",
  ),
  ...kind("number", "minimum maximum exclusiveMinimum exclusiveMaximum"),
  ...kind("positive", "multipleOf"),
  ...kind("boolean", "uniqueItems"),
  ...kind("names", "required"),
  ...kind("names_of", "dependentRequired"),
  ...kind("type", "type"),
  ...kind("list", "enum"),
  ...kind("any", "const"),
  ...kind("pattern", "pattern"),
  ...kind("format", "format"),
  ...kind("ref", "$ref"),
  ...kind("dialect", "$schema"),
]);
const TYPES: ReadonlySet<unknown> = new Set("array boolean integer null number object string".split(" "));
const DIALECT = "https://json-schema.org/draft/2020-12/schema";
export const SURROGATE = /\p{Surrogate}/u;

const PATTERNS: Readonly<Record<PatternFault, string>> = {
  too_long: `has more than ${MOST_PATTERN} characters`,
  malformed: "is not a regular expression (with the flag u)",
  too_slow:
    "could take too long: give repetitions an upper bound, begin with ^, and repeat no group that itself repeats or chooses",
};

/** Small first: what comes after may recurse. */
export function compileSchema(schema: unknown): Result<Compiled, SchemaFault> {
  if (!isObject(schema)) return err({ pointer: "", detail: "must be a JSON object" });
  if (isDeeper(schema, MOST_DEPTH)) {
    return err({ pointer: "", detail: `is nested deeper than ${MOST_DEPTH} levels` });
  }
  if (bytesOf(schema) > MOST_SCHEMA_BYTES) {
    return err({ pointer: "", detail: `has more than ${MOST_SCHEMA_BYTES} bytes` });
  }
  const compiler = new Compiler(schema);
  const compiled = compiler.compile(schema, "", []);
  const { fault, names, matchesNames } = compiler;
  return fault === null ? ok({ schema: compiled, names, matchesNames }) : err(fault);
}

/** Goes through a schema once; the first fault ends it. */
class Compiler {
  fault: SchemaFault | null = null;
  matchesNames = false;
  readonly names = new Set<string>();
  readonly #root: JsonSchema;
  #nodes = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /** @param refs the references that led here. */
  compile(schema: unknown, pointer: string, refs: readonly string[]): Schema | boolean {
    this.#nodes += 1;
    if (this.#nodes > MOST_NODES) this.#refuse(pointer, `has more than ${MOST_NODES} subschemas`);
    if (this.fault !== null || typeof schema === "boolean") return schema === true;
    if (!isObject(schema)) return this.#refuse(pointer, "must be a schema: an object, true or false");
    const compiled: Schema = {};
    const also: Schema[] = [];
    for (const [word, value] of Object.entries(schema)) {
      this.#keyword(compiled, also, word, value, `${pointer}/${escaped(word)}`, refs);
    }
    if (also.length > 0) compiled.allOf = [...(compiled.allOf ?? []), ...also];
    return compiled;
  }

  #keyword(
    into: Schema,
    also: Schema[],
    word: string,
    value: unknown,
    pointer: string,
    refs: readonly string[],
  ): void {
    const { must, whenShort } = this.#tools(pointer);
    switch (KEYWORDS.get(word) ?? (word.startsWith("x-") ? "annotation" : undefined)) {
      case undefined:
        this.#refuse(pointer, "is not a keyword that is known here");
        return;
      case "annotation":
        return;
      case "dialect":
        must(value === DIALECT || value === `${DIALECT}#`, `must be ${DIALECT}`);
        return;
      case "schema":
        into[word] = this.compile(value, pointer, refs);
        return;
      case "schemas":
        if (must(Array.isArray(value) && value.length > 0, "must be a list of schemas")) {
          into[word] = (value as unknown[]).map((each, i) => this.compile(each, `${pointer}/${i}`, refs));
        }
        return;
      case "map":
        into[word] = this.#map(value, pointer, refs);
        return;
      case "patterns":
        this.matchesNames = true;
        into[word] = this.#map(value, pointer, refs);
        for (const pattern of Object.keys(isObject(value) ? value : {})) this.#pattern(pattern, pointer);
        return;
      case "definitions":
        this.#map(value, pointer, refs);
        return;
      case "count":
        if (
          must(Number.isSafeInteger(value) && (value as number) >= 0, "must be a whole number, 0 or more")
        ) {
          into[word] = value;
        }
        return;
      case "number":
        if (must(Number.isFinite(value), "must be a number")) into[word] = value;
        return;
      case "positive":
        if (must(Number.isFinite(value) && (value as number) > 0, "must be a number above 0"))
          into[word] = value;
        return;
      case "boolean":
        if (must(typeof value === "boolean", "must be true or false") && value === true) {
          also.push(whenShort("array", MOST_UNIQUE, { uniqueItems: true }));
        }
        return;
      case "names":
        if (must(this.#areNames(value), "must be a list of different names")) into[word] = value;
        return;
      case "names_of":
        if (
          must(
            isObject(value) && Object.values(value).every((each) => this.#areNames(each)),
            "must be lists of names",
          )
        ) {
          into[word] = value;
        }
        return;
      case "type":
        if (must(areTypes(value), "must be one or several of the types of JSON")) into[word] = value;
        return;
      case "list":
        if (must(Array.isArray(value) && value.length > 0, "must be a list of values")) into[word] = value;
        return;
      case "any":
        into[word] = value;
        return;
      case "pattern":
        if (must(typeof value === "string", "must be a regular expression") && typeof value === "string") {
          this.#pattern(value, pointer);
          also.push(whenShort("string", MOST_MATCHED, { pattern: value }));
        }
        return;
      case "format":
        if (
          must(
            typeof value === "string" && Object.hasOwn(FORMATS, value),
            "is not a format that is known here",
          )
        ) {
          also.push(whenShort("string", MOST_MATCHED, { format: value as string }));
        }
        return;
      case "ref":
        if (
          must(
            typeof value === "string" && /^#(?:\/|$)/.test(value),
            "must be # and a JSON pointer within the schema",
          )
        ) {
          also.push(this.#referred(value as string, pointer, refs));
        }
    }
  }

  #tools(pointer: string) {
    return {
      must: (holds: boolean, detail: string): boolean => holds || this.#refuse(pointer, detail),
      /** Checks `then` up to a size that bounds its time; beyond it nothing matches. */
      whenShort: (type: "string" | "array", most: number, check: Schema): Schema => {
        const [least, bound] = type === "string" ? ["minLength", "maxLength"] : ["minItems", "maxItems"];
        // oxlint-disable-next-line unicorn/no-thenable -- the word of JSON Schema, and no function
        return { if: { type, [least as string]: most + 1 }, then: { [bound as string]: most }, else: check };
      },
    };
  }

  #map(value: unknown, pointer: string, refs: readonly string[]): Record<string, Schema | boolean> {
    if (!isObject(value)) {
      this.#refuse(pointer, "must be an object of schemas");
      return {};
    }
    const compiled = Object.entries(value).map(([name, each]) => {
      if (!this.#isName(name)) this.#refuse(pointer, "has a name that cannot be used");
      return [name, this.compile(each, `${pointer}/${escaped(name)}`, refs)] as const;
    });
    return Object.fromEntries(compiled);
  }

  #pattern(pattern: string, pointer: string): void {
    const checked = checkPattern(pattern);
    if (!checked.ok) this.#refuse(pointer, PATTERNS[checked.error]);
  }

  #referred(ref: string, pointer: string, refs: readonly string[]): Schema {
    if (refs.includes(ref)) {
      this.#refuse(pointer, "leads back to itself");
      return {};
    }
    const target = lookUp(this.#root, ref);
    if (target === undefined) this.#refuse(pointer, "leads nowhere");
    const compiled = this.compile(target ?? false, pointer, [...refs, ref]);
    return typeof compiled === "boolean" ? (compiled ? {} : { not: {} }) : compiled;
  }

  #areNames = (value: unknown): value is string[] =>
    Array.isArray(value) &&
    new Set(value).size === value.length &&
    value.every((each) => typeof each === "string" && this.#isName(each));

  /** `__proto__` is no member like others in JavaScript, and half a character none in a pointer. */
  #isName(name: string): boolean {
    this.names.add(name);
    return name !== "__proto__" && !SURROGATE.test(name);
  }

  #refuse(pointer: string, detail: string): false {
    this.fault ??= { pointer, detail };
    return false;
  }
}

function lookUp(root: JsonSchema, ref: string): unknown {
  let at: unknown = root;
  try {
    for (const step of decodeURIComponent(ref).split("/").slice(1)) {
      const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
      if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
      at = (at as JsonSchema)[name];
    }
  } catch {
    return undefined; // a % that encodes nothing
  }
  return at;
}

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const areTypes = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length > 0 && new Set(value).size === value.length && value.every((each) => TYPES.has(each))
    : TYPES.has(value);

export const bytesOf = (value: unknown): number => utf8(JSON.stringify(value)).length;

export const escaped = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return most === 0 || Object.values(value).some((each) => isDeeper(each, most - 1));
}
