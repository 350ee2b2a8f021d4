/** `--schema op=FILE` and `--no-schema op`: the schemas of a tool's arguments come from files. */
import { InvalidArgumentError, Option } from "commander";
import type { Tool } from "../../../contract/catalog.ts";
import { JSON_FAULTS, parseJsonBytes, pointerOf } from "../../../kernel/strict-json.ts";
import { usage } from "../../exit.ts";
import { readInput } from "../../input-file.ts";
import { collect } from "../../option-values.ts";

export type Schemas = NonNullable<Tool["argument_schemas"]>;
type Files = readonly (readonly [operation: string, file: string])[];

export const schemaOption = (): Option =>
  new Option(
    "--schema <operation=file>",
    "the arguments of the operation must match the JSON Schema in this file, 2020-12 or draft 7; repeat for more",
  ).argParser<Files>((value, previous) => {
    const at = value.indexOf("=");
    if (at < 1 || at === value.length - 1) throw new InvalidArgumentError("It must be OPERATION=FILE.");
    return [...(previous ?? []), [value.slice(0, at), value.slice(at + 1)]];
  });

export function noSchemaOption(): Option {
  const option = new Option(
    "--no-schema <operation>",
    "do not check the arguments of the operation; repeat for more",
  ).argParser<string[]>(collect);
  option.negate = false; // it takes an operation, and does not negate --schema
  return option;
}

export type { Files as SchemaFiles };

/** @throws CommandFailure (exit 2) when a file cannot be read or is not a JSON object. */
export async function readSchemas(files: Files): Promise<Schemas> {
  const read = files.map(async ([operation, file]) => [operation, await readSchema(file)] as const);
  return Object.fromEntries(await Promise.all(read));
}

async function readSchema(file: string): Promise<Schemas[string]> {
  const bytes = await readInput(file);
  const parsed = parseJsonBytes(bytes);
  // Checked here, because the server could not: parsing would change such a number before it is sent.
  if (!parsed.ok) throw usage(`${file}${pointerOf(parsed.error)} ${JSON_FAULTS[parsed.error.kind]}`);
  const schema = parsed.value;
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    throw usage(`${file} is not a JSON Schema: it must be an object`);
  }
  return schema as Schemas[string];
}
