/**
 * Schemas of an OpenAPI document as JSON Schema 2020-12 that stands alone: what they refer to is taken along, once each.
 * Words that limit nothing are left out, because nobody reads them in a pin, and each change of a word is a change of a
 * definition. What a schema may weigh is bounded, so that an operation costs no more than the largest one that is pinned,
 * however large its document is.
 */
import { NOTHING_MATCHES } from "../http-definition.ts";
import { FORMATS } from "../formats.ts";
import { atPointer, escapedStep } from "../../kernel/json-pointer.ts";
import { isObject, MOST_SCHEMA_BYTES, type JsonSchema } from "../schema-text.ts";
import { own, pointerIn, resolved } from "./references.ts";

const SUBSCHEMA: ReadonlySet<string> = new Set(
  "additionalProperties unevaluatedProperties propertyNames items unevaluatedItems contains not if then else".split(
    " ",
  ),
);
const LISTS: ReadonlySet<string> = new Set("allOf anyOf oneOf prefixItems".split(" "));
const MAPS: ReadonlySet<string> = new Set("properties patternProperties dependentSchemas".split(" "));
const KEPT: ReadonlySet<string> = new Set(
  [
    "type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern",
    "maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required dependentRequired",
    // These change what others mean. The compiler refuses them, and a schema without them would be another one.
    "$id $anchor $dynamicRef $recursiveRef",
  ].flatMap((line) => line.split(" ")),
);

export type OpenApiVersion = "3.0" | "3.1";

/** Schemas of the document that were weighed already. */
type Weights = WeakMap<JsonSchema, number>;

export interface OpenApiDocument {
  readonly members: JsonSchema;
  readonly version: OpenApiVersion;
  readonly weights: Weights;
}

/** Reads the schemas of one operation. The first fault is kept; what is returned after it is of no use. */
export class SchemaReader {
  fault: string | null = null;
  readonly #document: OpenApiDocument;
  readonly #definitions = new Map<string, JsonSchema>();
  /** Places that are referred to, and not read yet: one after the other, so that the stack does not grow with them. */
  readonly #waiting: string[] = [];
  #left = MOST_SCHEMA_BYTES * 2;

  constructor(document: OpenApiDocument) {
    this.#document = document;
  }

  /** What the schemas that were read refer to; empty when they refer to nothing. */
  definitions(): Readonly<Record<string, JsonSchema>> {
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop()) {
      const read = this.read(atPointer(this.#document.members, next));
      this.#definitions.set(next, typeof read === "boolean" ? (read ? {} : NOTHING_MATCHES) : read);
    }
    return Object.fromEntries([...this.#definitions].map(([pointer, schema]) => [nameOf(pointer), schema]));
  }

  /** The nesting is that of the document, which is bounded by whoever parsed it. */
  read(schema: unknown): JsonSchema | boolean {
    if (this.fault !== null || typeof schema === "boolean") return schema === true;
    if (!isObject(schema))
      return this.#refuse("has a schema that is no object, or a reference that leads nowhere");
    this.#left -= weightOf(schema, this.#document.weights);
    if (this.#left < 0) return this.#refuse(`has a schema of more than ${MOST_SCHEMA_BYTES} bytes`);
    return this.#object(schema);
  }

  #object(schema: JsonSchema): JsonSchema {
    const is30 = this.#document.version === "3.0";
    const reference = own(schema, "$ref");
    const kept: Record<string, unknown> = reference === undefined ? {} : { $ref: this.#reference(reference) };
    // OpenAPI 3.0, "Reference Object": what stands beside a reference is ignored.
    if (reference !== undefined && is30) return kept;
    for (const [word, value] of Object.entries(schema)) {
      if (KEPT.has(word)) kept[word] = value;
      else if (word === "format" && typeof value === "string" && FORMATS.has(value)) kept[word] = value;
      else if (SUBSCHEMA.has(word)) kept[word] = this.read(value);
      else if (LISTS.has(word) && Array.isArray(value)) kept[word] = value.map((each) => this.read(each));
      else if (MAPS.has(word) && isObject(value)) kept[word] = this.#map(value);
    }
    this.#withoutReadOnly(schema, kept);
    return is30 ? in30(schema, kept) : kept;
  }

  #map(schemas: JsonSchema): JsonSchema {
    return Object.fromEntries(Object.entries(schemas).map(([name, each]) => [name, this.read(each)]));
  }

  /** `readOnly`: of answers only; if it is required, it is required of answers only (OpenAPI 3.0, "Schema Object"). */
  #withoutReadOnly(schema: JsonSchema, kept: Record<string, unknown>): void {
    const { properties, required } = schema;
    if (!isObject(properties) || !Array.isArray(required)) return;
    const isAnswered = (name: unknown): boolean => {
      const property = typeof name === "string" ? own(properties, name) : undefined;
      const found = isObject(property) ? resolved(this.#document.members, property) : null;
      return found?.ok === true && found.value["readOnly"] === true;
    };
    kept["required"] = required.filter((name: unknown) => !isAnswered(name));
  }

  #reference(reference: unknown): string {
    const pointer = pointerIn(reference);
    if (pointer === null) {
      this.#refuse("has a schema that refers to another document");
      return "#";
    }
    if (!this.#definitions.has(pointer)) {
      this.#definitions.set(pointer, {});
      this.#waiting.push(pointer);
    }
    return `#/$defs/${encodeURIComponent(escapedStep(nameOf(pointer)))}`;
  }

  #refuse(fault: string): JsonSchema {
    this.fault ??= fault;
    return {};
  }
}

/** A component by its own name, every other place by its pointer, which begins with a slash. */
const nameOf = (pointer: string): string =>
  /^\/components\/schemas\/([\w.-]+)$/.exec(pointer)?.[1] ?? pointer;

/** Words of OpenAPI 3.0 that JSON Schema has in another form. */
function in30(schema: JsonSchema, kept: Record<string, unknown>): JsonSchema {
  for (const [bound, exclusive] of [
    ["minimum", "exclusiveMinimum"],
    ["maximum", "exclusiveMaximum"],
  ] as const) {
    if (typeof kept[exclusive] !== "boolean") continue;
    const isExclusive = kept[exclusive] && kept[bound] !== undefined;
    if (isExclusive) kept[exclusive] = kept[bound];
    else delete kept[exclusive];
    if (isExclusive) delete kept[bound];
  }
  // OpenAPI 3.0.3, "nullable": it adds null to `type`, and to nothing else.
  if (schema["nullable"] === true && typeof kept["type"] === "string") kept["type"] = [kept["type"], "null"];
  return kept;
}

/** The size of what a schema itself says, without the schemas in it; each is weighed once for a document. */
function weightOf(schema: JsonSchema, weights: Weights): number {
  const known = weights.get(schema);
  if (known !== undefined) return known;
  let weight = 2;
  for (const [word, value] of Object.entries(schema)) {
    weight += 2;
    if (KEPT.has(word) || word === "$ref") weight += word.length + (JSON.stringify(value) ?? "").length;
    else if (MAPS.has(word) && isObject(value)) {
      for (const name of Object.keys(value)) weight += name.length + 4;
    }
  }
  weights.set(schema, weight);
  return weight;
}
