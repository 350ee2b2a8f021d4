/**
 * Schemas of a tool's arguments: the part of JSON Schema 2020-12 and draft 7 that can be checked in bounded time and
 * without ambiguity. An operator writes the schema, an agent the arguments; neither may make a decision slow, or make
 * it throw. A fault names a place and a keyword. Its names are from the schema, and nothing of the arguments is
 * repeated (P4).
 */
import { pointerTo } from "../kernel/json-pointer.ts";
import { oncePer } from "../kernel/once-per.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { expected as sentence } from "./expectations.ts";
import { compileSchema, type Compiled, type SchemaFault } from "./schema-compiler.ts";
import { bytesOf, type JsonSchema } from "./schema-text.ts";
import { Steps } from "./steps.ts";
import { misspelled } from "./misspelled.ts";
import type { Node } from "./schema-node.ts";
import { validate, type Fault } from "./validate.ts";

export const MOST_SCHEMAS_BYTES = 131_072;

/** Checks a schema when it is added. `argumentsFault` can use every schema that passes. */
export function checkSchema(schema: unknown): Result<void, SchemaFault> {
  const compiled = compileSchema(schema);
  return compiled.ok ? ok(undefined) : compiled;
}

/**
 * Checks all schemas of a tool.
 * @param operations the tool's operations; null when it accepts any.
 */
export function checkSchemas(
  schemas: Readonly<Record<string, unknown>>,
  operations: readonly string[] | null,
): Result<void, SchemaFault & { readonly operation: string }> {
  for (const [operation, schema] of Object.entries(schemas)) {
    if (operations !== null && !operations.includes(operation)) {
      return err({ operation, pointer: "", detail: "is not an operation of the tool" });
    }
    const checked = checkSchema(schema);
    if (!checked.ok) return err({ operation, ...checked.error });
  }
  if (bytesOf(schemas) <= MOST_SCHEMAS_BYTES) return ok(undefined);
  return err({ operation: "", pointer: "", detail: `has more than ${MOST_SCHEMAS_BYTES} bytes in all` });
}

/** Compiled once per schema object: the catalog of a workspace stays in memory until it changes. */
const compiledOnce = oncePer<JsonSchema, Result<Compiled, SchemaFault>>(compileSchema);

/** @returns why no arguments can be checked with the schema, worded to follow "it"; null: they can. */
export function uncheckable(schema: JsonSchema): string | null {
  const compiled = compiledOnce(schema);
  return compiled.ok ? null : faultInWords(compiled.error);
}

/** A fault of a schema, worded to follow "it". */
export function faultInWords({ pointer, detail }: SchemaFault): string {
  const where = pointer === "" ? "it" : `${shownPointer(pointer)} in it`;
  return `has a schema that cannot be checked: ${where} ${detail}`;
}

/** The part of the pointer that may be shown: a name in it may be anything, even a key in the wrong place (P4). */
export function shownPointer(pointer: string): string {
  const steps = pointer.split("/");
  const odd = steps.findIndex((step) => !/^[\w.$~-]{0,40}$/.test(step));
  return steps.slice(0, odd === -1 ? steps.length : odd).join("/") || "/";
}

/** Where arguments do not match, as a JSON Pointer, and the keyword that says so. */
export interface ArgumentFault {
  readonly pointer: string;
  readonly keyword: string;
  /** What is expected, as the end of a sentence about that place. */
  readonly expected: string;
}

/**
 * @param steps the budget of the whole check.
 * @returns null when the arguments match.
 */
export function argumentsFault(schema: JsonSchema, args: unknown, steps = new Steps()): ArgumentFault | null {
  const compiled = compiledOnce(schema);
  // The schema was stored before a newer rule. Arguments that cannot be checked do not match.
  if (!compiled.ok) return { pointer: "", keyword: "schema", expected: sentence("schema") };
  const { schema: node } = compiled.value;
  const fault = validate(node, args, steps) ?? misspelledFault(node, args, steps);
  if (fault === null) return null;
  const { path, keyword, expected } = fault;
  const shown = shownPath(path, compiled.value.names);
  const isWhole = shown.length === path.length;
  return {
    pointer: pointerTo(shown),
    keyword,
    expected: isWhole ? expected : `has something within that ${expected}`,
  };
}

function misspelledFault(schema: Node, args: unknown, steps: Steps): Fault | null {
  const path = misspelled(schema, args, steps);
  if (steps.areSpent) return { path: [], keyword: "steps", expected: sentence("steps") };
  return path === null
    ? null
    : { path, keyword: "properties", expected: "must be spelled so, with these capital and small letters" };
}

/** The part of the pointer whose names come from the schema. Other names are the caller's data (P4). */
function shownPath(
  path: readonly (string | number)[],
  names: ReadonlySet<string>,
): readonly (string | number)[] {
  const odd = path.findIndex((step) => typeof step === "string" && !names.has(step));
  return path.slice(0, odd === -1 ? path.length : odd);
}
