/**
 * Schemas of a tool's arguments: JSON Schema 2020-12, as far as it can be checked in bounded time and says what it seems
 * to say. An operator writes the schema, an agent the arguments; neither may make a decision slow, or make it throw. A
 * fault says where and which keyword: the names are the schema's, and nothing of the arguments is repeated (P4).
 */
import { validate, type OutputUnit, type Schema } from "@cfworker/json-schema";
import { err, ok, type Result } from "../kernel/result.ts";
import { MOST_MATCHED } from "./match-cost.ts";
import {
  bytesOf,
  compileSchema,
  escaped,
  SURROGATE,
  type Compiled,
  type JsonSchema,
  type SchemaFault,
} from "./schema-compiler.ts";

export const MOST_SCHEMAS_BYTES = 131_072;

/** For the door. What it lets in, `argumentsFault` can use. */
export function checkSchema(schema: unknown): Result<void, SchemaFault> {
  const compiled = compileSchema(schema);
  return compiled.ok ? ok(undefined) : compiled;
}

/** All schemas of a tool. @param operations those that the tool has; null: any. */
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

const NO_REFERENCES: Record<string, Schema> = {};
/** Compiled once per schema that is in memory: the catalog of a workspace is kept until it changes. */
const compiledSchemas = new WeakMap<JsonSchema, Result<Compiled, SchemaFault>>();

/** @returns null, or where the arguments do not match, and by which keyword: `"/title" (maxLength)`. */
export function argumentsFault(schema: JsonSchema, args: unknown): string | null {
  const known = compiledSchemas.get(schema);
  const compiled = known ?? compileSchema(schema);
  if (known === undefined) compiledSchemas.set(schema, compiled);
  // Kept before a rule that is there now: what cannot be checked does not match.
  if (!compiled.ok) return '"" (the schema cannot be used)';
  const { value } = compiled;
  if (hasOddName(args, value.matchesNames)) return '"" (propertyNames)';
  const { valid, errors } = validate(args, value.schema, "2020-12", NO_REFERENCES);
  return valid ? null : faultOf(errors, args, value.names);
}

/** These say only that something below them did not match. */
const WRAPPERS: ReadonlySet<string> = new Set(
  "properties patternProperties additionalProperties unevaluatedProperties items prefixItems unevaluatedItems allOf if dependentSchemas propertyNames".split(
    " ",
  ),
);

function faultOf(errors: readonly OutputUnit[], args: unknown, names: ReadonlySet<string>): string {
  const at = errors.findIndex(({ keyword }) => !WRAPPERS.has(keyword));
  const found = errors[at] ?? errors[0];
  // The schema `false` below a keyword: the keyword is what forbids it.
  const told = found?.keyword === "false" ? (errors[at - 1] ?? found) : found;
  const [, missing] = /^Instance does not have required property "(.*)"\.$/s.exec(told?.error ?? "") ?? [];
  const pointer = shownPointer(told?.instanceLocation ?? "#", args, names);
  const member = missing !== undefined && names.has(missing) ? `/${escaped(missing)}` : "";
  return `${JSON.stringify(pointer + member)} (${told?.keyword ?? "schema"})`;
}

/** The pointer as far as its names are the schema's own: other names are the caller's data (P4). */
function shownPointer(location: string, args: unknown, names: ReadonlySet<string>): string {
  let at = args;
  let pointer = "";
  for (const step of decodeURI(location.slice(1)).split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (!Array.isArray(at) && !names.has(name)) return pointer;
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return pointer;
    at = (at as JsonSchema)[name];
    pointer += `/${step}`;
  }
  return pointer;
}

/** Names that no pointer can hold, `__proto__`, and, where names are matched, those that are too long for it. */
function hasOddName(args: unknown, matched: boolean): boolean {
  const open: unknown[] = [args];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value)) {
      for (const name of Object.keys(value)) {
        if (name === "__proto__" || SURROGATE.test(name)) return true;
        if (matched && name.length > MOST_MATCHED) return true;
      }
    }
    for (const each of Object.values(value)) open.push(each);
  }
  return false;
}
