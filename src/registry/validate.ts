/**
 * Validates arguments against a compiled schema, and returns the first fault. Every visit is counted. Arguments that
 * need more steps than one call may take do not match, whatever the schema says.
 *
 * No library is used: libraries do not bound the work for a value, their patterns and formats backtrack, and they
 * collect every error where one is enough.
 */
import { expected, mustBe } from "./expectations.ts";
import { FORMATS } from "./formats.ts";
import { jsonKey } from "./json-key.ts";
import type { Node } from "./schema-node.ts";
import type { Steps } from "./steps.ts";

/**
 * The deepest nesting of schemas within schemas that one value may need. A recursive schema is as deep as the arguments,
 * times the schemas that stand beside each other; the stack has an end.
 */
export const MOST_LEVELS = 1_000;

export interface Fault {
  /** Names of members and indices of items, from the outside in. */
  readonly path: readonly (string | number)[];
  readonly keyword: string;
  /** What the schema says, as the end of a sentence: nothing of the value is in it (P4). */
  readonly expected: string;
}

/**
 * The members and items that a schema and the schemas beside it have evaluated, for `unevaluatedProperties` and
 * `unevaluatedItems`.
 */
interface Seen {
  readonly names: Set<string>;
  readonly items: Set<number>;
}

export function validate(schema: Node, value: unknown, steps: Steps): Fault | null {
  const fault = new Validation(steps).node(schema, value, null);
  return steps.areSpent ? { path: [], keyword: "steps", expected: expected("steps") } : fault;
}

type Members = Readonly<Record<string, unknown>>;

class Validation {
  readonly #steps: Steps;
  readonly #path: (string | number)[] = [];
  #level = 0;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  /** @param outer null when no schema asks what has been evaluated. */
  node(node: Node, value: unknown, outer: Seen | null): Fault | null {
    // Too deep counts as too many steps: a fault alone would match under `not`.
    if (!this.#steps.spend(this.#level < MOST_LEVELS ? 1 : Infinity)) return this.#fault("steps");
    this.#level += 1;
    const fault = this.#judged(node, value, outer);
    this.#level -= 1;
    return fault;
  }

  #judged(node: Node, value: unknown, outer: Seen | null): Fault | null {
    if (node.never === true) return this.#fault("false");
    const seen =
      outer ?? (node.asksWhatWasSeen ? { names: new Set<string>(), items: new Set<number>() } : null);
    return (
      this.#any(node, value) ??
      this.#ofType(node, value, seen) ??
      this.#combined(node, value, seen) ??
      this.#unseen(node, value, seen)
    );
  }

  #any(node: Node, value: unknown): Fault | null {
    if (node.types !== undefined && !node.types.some((type) => isOfType(type, value)))
      return this.#fault("type", { said: mustBe(node.types.map((type) => TYPES[type] ?? type)) });
    if (node.constants === undefined) return null;
    const key = jsonKey(value, this.#steps);
    return node.constants.keys.has(key)
      ? null
      : this.#fault(node.constants.keyword, { said: node.constants.expected });
  }

  #ofType(node: Node, value: unknown, seen: Seen | null): Fault | null {
    if (typeof value === "number") return this.#number(node, value);
    if (typeof value === "string") return this.#string(node, value);
    if (Array.isArray(value)) return this.#list(node, value, seen);
    return isMembers(value) ? this.#object(node, value, seen) : null;
  }

  #number({ numbers }: Node, value: number): Fault | null {
    for (const { keyword, limit, holds } of numbers)
      if (!holds(value, this.#steps)) return this.#fault(keyword, { limit });
    return null;
  }

  #string({ counts, patterns, format }: Node, value: string): Fault | null {
    const { minLength, maxLength } = counts;
    if (minLength !== undefined || maxLength !== undefined) {
      if (!this.#steps.spend(value.length)) return this.#fault("steps");
      // Counted in characters, not in UTF-16 code units (RFC 8259 §7).
      let length = 0;
      for (const _ of value) length += 1;
      if (length < (minLength ?? 0)) return this.#fault("minLength", { limit: minLength });
      if (length > (maxLength ?? Infinity)) return this.#fault("maxLength", { limit: maxLength });
    }
    for (const pattern of patterns) if (!pattern.test(value, this.#steps)) return this.#fault("pattern");
    if (format === undefined) return null;
    if (!this.#steps.spend(value.length)) return this.#fault("steps");
    return FORMATS.get(format)?.(value) === true
      ? null
      : this.#fault("format", { said: `is not in the format ${format}` });
  }

  #list(node: Node, value: readonly unknown[], seen: Seen | null): Fault | null {
    const { counts, prefixItems, items, contains } = node;
    if (value.length < (counts.minItems ?? 0)) return this.#fault("minItems", { limit: counts.minItems });
    if (value.length > (counts.maxItems ?? Infinity))
      return this.#fault("maxItems", { limit: counts.maxItems });
    if (node.uniqueItems) {
      const keys = new Set(value.map((each) => jsonKey(each, this.#steps)));
      if (keys.size < value.length) return this.#fault("uniqueItems");
    }
    for (const [index, each] of value.entries()) {
      const first = prefixItems[index];
      const schema = first ?? items;
      if (schema === undefined) break;
      const fault = this.#within(index, first === undefined ? "items" : "prefixItems", schema, each);
      if (fault !== null) return fault;
      seen?.items.add(index);
    }
    return contains === undefined ? null : this.#contains(node, contains, value, seen);
  }

  #contains({ counts }: Node, contains: Node, value: readonly unknown[], seen: Seen | null): Fault | null {
    let found = 0;
    for (const [index, each] of value.entries()) {
      if (this.#within(index, "contains", contains, each) !== null) continue;
      found += 1;
      seen?.items.add(index);
    }
    if (found < (counts.minContains ?? 1))
      return counts.minContains === undefined
        ? this.#fault("contains")
        : this.#fault("minContains", { limit: counts.minContains });
    return found > (counts.maxContains ?? Infinity)
      ? this.#fault("maxContains", { limit: counts.maxContains })
      : null;
  }

  #object(node: Node, value: Members, seen: Seen | null): Fault | null {
    const names = Object.keys(value);
    // The lists of the schema are walked for every object, even an empty one, so they are charged.
    if (!this.#steps.spend(names.length + node.required.length + node.dependentRequired.length))
      return this.#fault("steps");
    if (names.length < (node.counts.minProperties ?? 0))
      return this.#fault("minProperties", { limit: node.counts.minProperties });
    if (names.length > (node.counts.maxProperties ?? Infinity))
      return this.#fault("maxProperties", { limit: node.counts.maxProperties });
    for (const name of node.required)
      if (!Object.hasOwn(value, name)) return this.#fault("required", { name });
    for (const [name, needed] of node.dependentRequired) {
      if (!Object.hasOwn(value, name)) continue;
      if (!this.#steps.spend(needed.length)) return this.#fault("steps");
      for (const other of needed) if (!Object.hasOwn(value, other)) return this.#fault("dependentRequired");
    }
    for (const name of names) {
      const fault = this.#member(node, value, name, seen);
      if (fault !== null) return fault;
    }
    return null;
  }

  #member(node: Node, value: Members, name: string, seen: Seen | null): Fault | null {
    if (node.propertyNames !== undefined && this.node(node.propertyNames, name, null) !== null) {
      return this.#fault("propertyNames");
    }
    const own = node.properties.get(name);
    const schemas: [keyword: string, schema: Node][] = own === undefined ? [] : [["properties", own]];
    for (const [pattern, schema] of node.patternProperties) {
      if (pattern.test(name, this.#steps)) schemas.push(["patternProperties", schema]);
    }
    if (schemas.length === 0 && node.additionalProperties !== undefined) {
      schemas.push(["additionalProperties", node.additionalProperties]);
    }
    for (const [keyword, schema] of schemas) {
      const fault = this.#within(name, keyword, schema, value[name]);
      if (fault !== null) return fault;
    }
    if (schemas.length > 0) seen?.names.add(name);
    return null;
  }

  #combined(node: Node, value: unknown, seen: Seen | null): Fault | null {
    for (const schema of node.allOf) {
      const fault = this.#beside(schema, value, seen);
      if (fault !== null) return fault;
    }
    if (node.anyOf !== undefined) {
      const matching = this.#matching(node.anyOf, value, seen, seen === null ? 1 : Infinity);
      if (matching === 0) return this.#fault("anyOf");
    }
    if (node.oneOf !== undefined && this.#matching(node.oneOf, value, seen, Infinity) !== 1)
      return this.#fault("oneOf");
    if (node.not !== undefined && this.node(node.not, value, null) === null) return this.#fault("not");
    if (!this.#steps.spend(node.dependentSchemas.length)) return this.#fault("steps");
    for (const [name, schema] of node.dependentSchemas) {
      if (!isMembers(value) || Array.isArray(value) || !Object.hasOwn(value, name)) continue;
      const fault = this.#beside(schema, value, seen);
      if (fault !== null) return fault;
    }
    if (node.if === undefined) return null;
    const chosen = this.#beside(node.if, value, seen) === null ? node.then : node.else;
    return chosen === undefined ? null : this.#beside(chosen, value, seen);
  }

  /** @param enough the number of matches at which counting stops. */
  #matching(schemas: readonly Node[], value: unknown, seen: Seen | null, enough: number): number {
    let matching = 0;
    for (const schema of schemas) {
      if (this.#beside(schema, value, seen) === null) matching += 1;
      if (matching >= enough) break;
    }
    return matching;
  }

  /** Applies a schema to the same value. What it evaluated counts only when it matches. */
  #beside(schema: Node, value: unknown, seen: Seen | null): Fault | null {
    if (seen === null) return this.node(schema, value, null);
    const inner: Seen = { names: new Set(), items: new Set() };
    const fault = this.node(schema, value, inner);
    if (fault !== null || !this.#steps.spend(inner.names.size + inner.items.size)) return fault;
    for (const name of inner.names) seen.names.add(name);
    for (const index of inner.items) seen.items.add(index);
    return null;
  }

  #unseen(node: Node, value: unknown, seen: Seen | null): Fault | null {
    const { unevaluatedItems, unevaluatedProperties } = node;
    if (seen === null) return null;
    if (Array.isArray(value) && unevaluatedItems !== undefined) {
      for (const [index, each] of value.entries()) {
        if (seen.items.has(index)) continue;
        if (this.#within(index, "unevaluatedItems", unevaluatedItems, each) !== null)
          return this.#fault("unevaluatedItems");
        seen.items.add(index);
      }
    }
    if (!isMembers(value) || Array.isArray(value) || unevaluatedProperties === undefined) return null;
    for (const [name, each] of Object.entries(value)) {
      if (seen.names.has(name)) continue;
      if (this.#within(name, "unevaluatedProperties", unevaluatedProperties, each) !== null)
        return this.#fault("unevaluatedProperties");
      seen.names.add(name);
    }
    return null;
  }

  /** @param keyword the keyword that holds the schema; it is the one to report when the schema forbids every value. */
  #within(step: string | number, keyword: string, schema: Node, value: unknown): Fault | null {
    if (schema.never === true) return this.#fault(keyword);
    this.#path.push(step);
    const fault = this.node(schema, value, null);
    this.#path.pop();
    return fault;
  }

  /** @param said in place of what is said of the keyword; `limit` is its number, `name` a member of the value. */
  #fault(
    keyword: string,
    {
      name,
      limit,
      said,
    }: { readonly name?: string; readonly limit?: number | undefined; readonly said?: string } = {},
  ): Fault {
    const path = name === undefined ? [...this.#path] : [...this.#path, name];
    return { path, keyword, expected: said ?? expected(keyword, limit) };
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  integer: "an integer",
  boolean: "a boolean",
  object: "an object",
  array: "an array",
};

const isMembers = (value: unknown): value is Members => typeof value === "object" && value !== null;

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isMembers(value) && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
