/**
 * Schemas of a tool's arguments: JSON Schema 2020-12 or draft 7, as far as it can be checked in bounded time and says what it seems
 * to say. An operator writes the schema, an agent the arguments; neither may make a decision slow, or make it throw. A
 * fault says where and which keyword: the names are the schema's, and nothing of the arguments is repeated (P4).
 */
import { err, ok, type Result } from "../kernel/result.ts";
import { compileSchema, type Compiled, type SchemaFault } from "./schema-compiler.ts";
import { bytesOf, escaped, type JsonSchema } from "./schema-text.ts";
import { Steps } from "./steps.ts";
import { validate } from "./validate.ts";

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

/** Compiled once per schema that is in memory: the catalog of a workspace is kept until it changes. */
const compiledSchemas = new WeakMap<JsonSchema, Result<Compiled, SchemaFault>>();

/**
 * @param steps what the whole check may take.
 * @returns null, or where the arguments do not match, and by which keyword: `"/title" (maxLength)`.
 */
export function argumentsFault(schema: JsonSchema, args: unknown, steps = new Steps()): string | null {
  const known = compiledSchemas.get(schema);
  const compiled = known ?? compileSchema(schema);
  if (known === undefined) compiledSchemas.set(schema, compiled);
  // Kept before a rule that is there now: what cannot be checked does not match.
  if (!compiled.ok) return '"" (the schema cannot be used)';
  const fault = validate(compiled.value.schema, args, steps);
  if (fault === null) return null;
  return `${JSON.stringify(shownPointer(fault.path, compiled.value.names))} (${fault.keyword})`;
}

/** The pointer as far as its names are the schema's own: other names are the caller's data (P4). */
function shownPointer(path: readonly (string | number)[], names: ReadonlySet<string>): string {
  const odd = path.findIndex((step) => typeof step === "string" && !names.has(step));
  const shown = path.slice(0, odd === -1 ? path.length : odd);
  return shown.map((step) => `/${escaped(String(step))}`).join("");
}
