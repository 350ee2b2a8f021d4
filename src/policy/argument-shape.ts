/**
 * What Cedar has a type for in the JSON Schema of an operation's arguments. The schema decides the kind of a value, never the
 * value: `integer` is a long, and `number` always a decimal, so that an amount of 2 is of the same type as one of 1.5. What
 * Cedar has no type for, such as unions and recursion, is left out, and said: no policy can read it.
 */
import { atPointer } from "../kernel/json-pointer.ts";

/** As a catalog has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export type Shape =
  | { readonly kind: "string" | "long" | "decimal" | "boolean" }
  | { readonly kind: "set"; readonly element: Shape }
  | RecordShape;

export interface RecordShape {
  readonly kind: "record";
  readonly members: ReadonlyMap<string, { readonly shape: Shape; readonly isRequired: boolean }>;
}

export interface ArgumentShape {
  readonly shape: RecordShape;
  /** What was left out, with the reason, as the end of a sentence. */
  readonly leftOut: readonly { readonly path: readonly string[]; readonly why: string }[];
}

/** How deep a policy can look into arguments, and how many members of them it can know. */
export const MOST_ARGUMENT_DEPTH = 8;
const MOST_MEMBERS = 500;

export function argumentShape(schema: JsonSchema): ArgumentShape {
  const reader = new ShapeReader(schema);
  const shape = reader.read(schema, [], new Set());
  const none: RecordShape = { kind: "record", members: new Map() };
  return { shape: shape?.kind === "record" ? shape : none, leftOut: reader.leftOut };
}

type Found = Shape | null;

class ShapeReader {
  readonly leftOut: { readonly path: readonly string[]; readonly why: string }[] = [];
  readonly #root: JsonSchema;
  #members = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /** @param within the references that lead here. */
  read(schema: unknown, path: readonly string[], within: ReadonlySet<string>): Found {
    if (!isSchema(schema)) return this.#no(path, "may be anything");
    if (path.length > MOST_ARGUMENT_DEPTH)
      return this.#no(path, `is deeper than ${MOST_ARGUMENT_DEPTH} levels`);
    const { $ref: reference } = schema;
    if (typeof reference === "string") return this.#referred(reference, path, within);
    const choices = choicesOf(schema);
    if (choices !== null) return this.#oneOf(choices, path, within);
    const types = typesOf(schema).filter((type) => type !== "null");
    const [type] = types;
    if (type === undefined) return this.#no(path, "has no type in its schema");
    if (types.length > 1) return this.#no(path, `may be ${types.join(" or ")}`);
    switch (type) {
      case "string":
      case "boolean":
        return { kind: type };
      case "integer":
        return { kind: "long" };
      case "number":
        return { kind: "decimal" };
      case "array":
        return this.#set(schema, path, within);
      case "object":
        return this.#record(schema, path, within);
      default:
        return this.#no(path, `has the unknown type ${type}`);
    }
  }

  #set(schema: JsonSchema, path: readonly string[], within: ReadonlySet<string>): Found {
    const { items, prefixItems } = schema;
    if (prefixItems !== undefined || Array.isArray(items)) return this.#no(path, "has a type for each place");
    const element = this.read(items, [...path, "*"], within);
    return element === null ? null : { kind: "set", element };
  }

  #record(schema: JsonSchema, path: readonly string[], within: ReadonlySet<string>): RecordShape {
    const { properties, required } = schema;
    const demanded = new Set<unknown>(Array.isArray(required) ? required : []);
    const members = new Map<string, { readonly shape: Shape; readonly isRequired: boolean }>();
    for (const [name, member] of Object.entries(isSchema(properties) ? properties : {})) {
      const at = [...path, name];
      if (name.startsWith("__") || !name.isWellFormed())
        this.#no(at, "has a name that Cedar keeps for itself");
      else if (this.#members >= MOST_MEMBERS) this.#no(at, `is beyond the first ${MOST_MEMBERS} members`);
      else {
        this.#members += 1;
        const shape = this.read(member, at, within);
        const isRequired = demanded.has(name) && !mayBeNull(member);
        if (shape !== null) members.set(name, { shape, isRequired });
      }
    }
    return { kind: "record", members };
  }

  #referred(reference: string, path: readonly string[], within: ReadonlySet<string>): Found {
    if (within.has(reference)) return this.#no(path, "leads back to a schema around it");
    return this.read(targetOf(this.#root, reference), path, new Set(within).add(reference));
  }

  /** One choice beside null is that choice; several of one simple type are that type. */
  #oneOf(choices: readonly unknown[], path: readonly string[], within: ReadonlySet<string>): Found {
    const real = choices.filter((choice) => !isNull(choice));
    if (real.length === 1) return this.read(real[0], path, within);
    const kinds = new Set(real.flatMap((choice) => (isSchema(choice) ? typesOf(choice) : ["anything"])));
    const [kind] = kinds;
    return kinds.size === 1 && kind !== "object" && kind !== "array"
      ? this.read({ type: kind }, path, within)
      : this.#no(path, "may be one of several types");
  }

  #no(path: readonly string[], why: string): null {
    if (this.leftOut.length < MOST_MEMBERS) this.leftOut.push({ path, why });
    return null;
  }
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function choicesOf({ anyOf, oneOf, allOf, type, properties }: JsonSchema): readonly unknown[] | null {
  if (type !== undefined || properties !== undefined) return null;
  const choices: unknown = anyOf ?? oneOf ?? allOf;
  if (!isList(choices)) return null;
  return allOf !== undefined && choices.length > 1 ? [true, true] : choices;
}

function typesOf({ type, enum: values, const: constant, properties }: JsonSchema): readonly string[] {
  if (typeof type === "string") return [type];
  if (Array.isArray(type)) return type.map(String);
  if (Array.isArray(values)) return [...new Set(values.map(typeOfValue))];
  if (constant !== undefined) return [typeOfValue(constant)];
  return properties === undefined ? [] : ["object"];
}

function typeOfValue(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
}

const isNull = (schema: unknown): boolean =>
  isSchema(schema) && typesOf(schema).length > 0 && typesOf(schema).every((type) => type === "null");

const mayBeNull = (schema: unknown): boolean =>
  !isSchema(schema) ||
  typesOf(schema).includes("null") ||
  (choicesOf(schema) ?? []).some(isNull) ||
  "$ref" in schema;

function targetOf(root: JsonSchema, reference: string): unknown {
  if (!/^#(?:\/|$)/.test(reference)) return undefined;
  try {
    return atPointer(root, decodeURIComponent(reference.slice(1)));
  } catch {
    return undefined; // a % without two hexadecimal digits
  }
}
