/**
 * Compiles a schema that an operator wrote into a form that is walked in bounded time, or says what is wrong with it.
 *
 * - An unknown keyword or format is refused, so that a misspelt limit is never silently ignored.
 * - A `$ref` must stay within its schema. It is resolved here, so that the size of the compiled schema is known
 *   (`MOST_NODES`). It may lead back to a schema around it only through a member or an item, as in a tree: then the
 *   arguments end the recursion, and their depth is bounded (`MAX_JSON_DEPTH`).
 * - Draft 7 is used where the schema says so, and only with keywords that mean the same in 2020-12 or can be
 *   translated.
 */
import { escapedStep } from "../kernel/json-pointer.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { expected, MOST_EXPECTED, mustBe } from "./expectations.ts";
import { FORMATS } from "./formats.ts";
import { jsonKey } from "./json-key.ts";
import { PATTERN_FAULTS } from "./pattern-program.ts";
import { Pattern } from "./pattern.ts";
import { ANNOTATIONS, draft7Word, DRAFT_7, isDialect, LATEST, withoutFragment } from "./schema-dialect.ts";
import { blank, COUNTS, LIMITS, NEVER, SCHEMAS, type Building, type Node } from "./schema-node.ts";
import { loopIn } from "./schema-loops.ts";
import { isObject, lookUp, sizeFault, type JsonSchema } from "./schema-text.ts";
import { isCount, isUsable, TYPES } from "./schema-values.ts";
import { Steps } from "./steps.ts";

/** The most values of `enum` that a refusal repeats. */
const MOST_CHOICES = 10;

/** The greatest number of subschemas, each counted as often as it is referred to. */
export const MOST_NODES = 2_000;

/** A fault of a schema: the place as a JSON pointer, and what is wrong there. */
export interface SchemaFault {
  readonly pointer: string;
  readonly detail: string;
}

export interface Compiled {
  readonly schema: Node;
  /** The names that the schema contains. Only these are repeated in faults. */
  readonly names: ReadonlySet<string>;
}

export function compileSchema(schema: unknown): Result<Compiled, SchemaFault> {
  if (!isObject(schema)) return err({ pointer: "", detail: "must be a JSON object" });
  const tooLarge = sizeFault(schema);
  if (tooLarge !== null) return err({ pointer: "", detail: tooLarge });
  const compiler = new Compiler(schema);
  const compiled = compiler.root();
  const { names, references } = compiler;
  const loop = compiler.fault === null ? loopIn(compiled) : undefined;
  const fault =
    loop === undefined
      ? compiler.fault
      : {
          pointer: references.get(loop) ?? "",
          detail: "leads back to itself, and through no member or item",
        };
  return fault === null ? ok({ schema: compiled, names }) : err(fault);
}

/** Compiles a schema in one pass; the first fault ends it. */
class Compiler {
  fault: SchemaFault | null = null;
  readonly names = new Set<string>();
  /** The targets of references, each with the pointer of the first one. */
  readonly references = new Map<Node, string>();
  readonly #root: JsonSchema;
  readonly #dialect: unknown;
  readonly #isDraft7: boolean;
  /** The target of a reference is compiled once, and counted as often as it is referred to. */
  readonly #targets = new Map<JsonSchema, { readonly node: Node; nodes: number }>();
  #nodes = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
    this.#dialect = root["$schema"];
    this.#isDraft7 = withoutFragment(this.#dialect) === DRAFT_7;
  }

  root(): Node {
    return this.#referred("#", "");
  }

  #compile(schema: unknown, pointer: string, node: Building = blank()): Node {
    this.#count(1, pointer);
    if (this.fault !== null || schema === true) return node;
    if (schema === false) return NEVER;
    if (!isObject(schema)) {
      this.#refuse(pointer, "must be a schema: an object, true or false");
      return node;
    }
    for (const [word, value] of Object.entries(schema)) {
      const at = `${pointer}/${escapedStep(word)}`;
      const read = this.#isDraft7 ? draft7Word(word, value, schema) : { word, fault: null };
      if (read.fault !== null) this.#refuse(at, read.fault);
      this.#keyword(node, read.word, value, at);
    }
    node.asksWhatWasSeen = node.unevaluatedItems !== undefined || node.unevaluatedProperties !== undefined;
    return node;
  }

  #keyword(node: Building, word: string, value: unknown, pointer: string): void {
    const count = COUNTS.find((each) => each === word);
    const subschema = SCHEMAS.find((each) => each === word);
    if (count !== undefined)
      node.counts[count] = this.#number(value, pointer, isCount, "a whole number, 0 or more");
    else if (subschema !== undefined) node[subschema] = this.#compile(value, pointer);
    else if (!ANNOTATIONS.has(word) && !word.startsWith("x-")) this.#other(node, word, value, pointer);
  }

  #other(node: Building, word: string, value: unknown, pointer: string): void {
    switch (word) {
      case "$schema":
        this.#must(
          value === this.#dialect && isDialect(value),
          pointer,
          `must be ${LATEST} or ${DRAFT_7}#, as a whole`,
        );
        return;
      case "$ref":
        if (typeof value === "string" && /^#(?:\/|$)/.test(value))
          node.allOf.push(this.#referred(value, pointer));
        else this.#refuse(pointer, "must be # and a JSON pointer within the schema");
        return;
      case "$defs":
      case "definitions":
        for (const [name, each] of this.#entries(value, pointer)) {
          const at = `${pointer}/${escapedStep(name)}`;
          if (isObject(each)) this.#target(each, at);
          else this.#compile(each, at);
        }
        return;
      case "type":
        node.types = this.#types(value, pointer);
        return;
      case "enum":
        if (Array.isArray(value) && value.length > 0) this.#constants(node, "enum", value);
        else this.#refuse(pointer, "must be a list of values");
        return;
      case "const":
        this.#constants(node, "const", [value]);
        return;
      case "uniqueItems":
        this.#must(typeof value === "boolean", pointer, "must be true or false");
        node.uniqueItems = value === true;
        return;
      case "pattern":
        node.patterns = this.#patterns([value], pointer);
        return;
      case "format":
        this.#must(
          typeof value === "string" && FORMATS.has(value),
          pointer,
          `is not a format that is known here; known: ${[...FORMATS.keys()].join(", ")}`,
        );
        node.format = String(value);
        return;
      case "properties":
        node.properties = new Map(this.#map(value, pointer));
        return;
      case "patternProperties":
        node.patternProperties = this.#matched(this.#map(value, pointer), pointer);
        return;
      case "dependentSchemas":
        node.dependentSchemas = this.#map(value, pointer);
        return;
      case "required":
        node.required = this.#names(value, pointer);
        return;
      case "dependentRequired":
        node.dependentRequired = this.#entries(value, pointer).map(([name, each]) => [
          name,
          this.#names(each, `${pointer}/${escapedStep(name)}`),
        ]);
        return;
      case "dependencies":
        this.#dependencies(node, value, pointer);
        return;
      case "prefixItems":
        node.prefixItems = this.#list(value, pointer);
        return;
      case "allOf":
        for (const each of this.#list(value, pointer)) node.allOf.push(each);
        return;
      case "anyOf":
      case "oneOf":
        node[word] = this.#list(value, pointer);
        return;
      default:
        this.#limit(node, word, value, pointer);
    }
  }

  #limit(node: Building, word: string, value: unknown, pointer: string): void {
    const makes = LIMITS.get(word);
    if (makes === undefined) this.#refuse(pointer, "is not a keyword that is known here");
    else if (word === "multipleOf") {
      const limit = this.#number(value, pointer, (number) => number > 0, "a number above 0");
      node.numbers.push({ keyword: word, limit, holds: makes(limit) });
    } else {
      const limit = this.#number(value, pointer, Number.isFinite, "a number");
      node.numbers.push({ keyword: word, limit, holds: makes(limit) });
    }
  }

  /** `dependencies` of draft 7 holds both lists of names and schemas. */
  #dependencies(node: Building, value: unknown, pointer: string): void {
    if (!this.#isDraft7) {
      this.#refuse(
        pointer,
        "is not a keyword that is known here; use dependentRequired and dependentSchemas",
      );
      return;
    }
    for (const [name, each] of this.#entries(value, pointer)) {
      const at = `${pointer}/${escapedStep(name)}`;
      if (Array.isArray(each))
        node.dependentRequired = [...node.dependentRequired, [name, this.#names(each, at)]];
      else node.dependentSchemas = [...node.dependentSchemas, [name, this.#compile(each, at)]];
    }
  }

  /** When a schema has both `const` and `enum`, both must hold. */
  #constants(node: Building, keyword: string, values: readonly unknown[]): void {
    const steps = new Steps(Number.MAX_SAFE_INTEGER);
    const choices = values.length > MOST_CHOICES ? null : mustBe(values.map((each) => JSON.stringify(each)));
    const constants = {
      keyword,
      keys: new Set(values.map((each) => jsonKey(each, steps))),
      expected: choices === null || choices.length > MOST_EXPECTED ? expected(keyword) : choices,
    };
    if (node.constants === undefined) node.constants = constants;
    else node.allOf.push({ ...blank(), constants });
  }

  #number(value: unknown, pointer: string, holds: (number: number) => boolean, what: string): number {
    if (typeof value === "number" && holds(value)) return value;
    this.#refuse(pointer, `must be ${what}`);
    return 1;
  }

  #types(value: unknown, pointer: string): readonly string[] {
    const types: unknown[] = Array.isArray(value) ? value : [value];
    const areKnown =
      types.length > 0 && new Set(types).size === types.length && types.every((each) => TYPES.has(each));
    this.#must(areKnown, pointer, "must be one or several of the types of JSON");
    return types.map(String);
  }

  #names(value: unknown, pointer: string): readonly string[] {
    const names: unknown[] = Array.isArray(value) ? value : [null];
    const areNames = names.every((each) => typeof each === "string" && this.#isName(each));
    this.#must(
      areNames && new Set(names).size === names.length,
      pointer,
      "must be a list of different names",
    );
    return names.map(String);
  }

  #list(value: unknown, pointer: string): readonly Node[] {
    if (Array.isArray(value) && value.length > 0)
      return value.map((each, index) => this.#compile(each, `${pointer}/${index}`));
    this.#refuse(pointer, "must be a list of schemas");
    return [];
  }

  #map(value: unknown, pointer: string): readonly (readonly [string, Node])[] {
    return this.#entries(value, pointer).map(([name, each]) => [
      name,
      this.#compile(each, `${pointer}/${escapedStep(name)}`),
    ]);
  }

  #entries(value: unknown, pointer: string): readonly (readonly [string, unknown])[] {
    if (!isObject(value)) {
      this.#refuse(pointer, "must be an object of schemas");
      return [];
    }
    const entries = Object.entries(value);
    this.#must(
      entries.every(([name]) => this.#isName(name)),
      pointer,
      "has a name that cannot be used",
    );
    return entries;
  }

  #matched(entries: readonly (readonly [string, Node])[], pointer: string): (readonly [Pattern, Node])[] {
    return entries.flatMap(([source, node]) =>
      this.#patterns([source], pointer).map((pattern) => [pattern, node] as const),
    );
  }

  #patterns(sources: readonly unknown[], pointer: string): Pattern[] {
    return sources.flatMap((source) => {
      if (typeof source !== "string") {
        this.#refuse(pointer, "must be a regular expression");
        return [];
      }
      const compiled = Pattern.compile(source);
      if (compiled.ok) return [compiled.value];
      this.#refuse(pointer, PATTERN_FAULTS[compiled.error]);
      return [];
    });
  }

  #referred(ref: string, pointer: string): Node {
    const target = lookUp(this.#root, ref);
    if (target === undefined) this.#refuse(pointer, "leads nowhere");
    return isObject(target) ? this.#target(target, pointer) : this.#compile(target ?? false, pointer);
  }

  #target(target: JsonSchema, pointer: string): Node {
    const known = this.#targets.get(target);
    if (known !== undefined) {
      this.#count(known.nodes, pointer);
      return known.node;
    }
    const before = this.#nodes;
    const node = blank();
    const entry = { node, nodes: 1 }; // while it is being compiled: a reference from within counts once
    this.#targets.set(target, entry);
    this.references.set(node, pointer);
    this.#compile(target, pointer, node);
    entry.nodes = this.#nodes - before;
    return node;
  }

  #count(nodes: number, pointer: string): void {
    this.#nodes += nodes;
    if (this.#nodes > MOST_NODES) this.#refuse(pointer, `has more than ${MOST_NODES} subschemas`);
  }

  #isName(name: string): boolean {
    this.names.add(name);
    return isUsable(name);
  }

  #must(holds: boolean, pointer: string, detail: string): void {
    if (!holds) this.#refuse(pointer, detail);
  }

  #refuse(pointer: string, detail: string): void {
    this.fault ??= { pointer, detail };
  }
}
