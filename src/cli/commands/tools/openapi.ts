/** `--openapi FILE|URL`: where the operations of an HTTP tool are described. */
import { Option } from "commander";
import { OPENAPI_GIVEN } from "../../../contract/upstream.ts";
import { JSON_FAULTS, parseJsonBytes, pointerOf } from "../../../kernel/strict-json.ts";
import { usage } from "../../exit.ts";
import { readInput } from "../../input-file.ts";

/** Dome reads a document at a URL itself; a file is read here and given to it. */
export type Document =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "file"; readonly content: Record<string, unknown> };

export const openapiOption = (): Option =>
  new Option(
    "--openapi <file|url>",
    "the OpenAPI document (3.0 or 3.1) that describes the operations of an HTTP tool: a JSON or YAML file, or its URL",
  );

/** @throws CommandFailure (exit 2) when the file cannot be read, or has no document. */
export async function readOpenapi(where: string | undefined): Promise<Document | undefined> {
  if (where === undefined) return undefined;
  if (/^https?:\/\//i.test(where)) return { kind: "url", url: where };
  const bytes = await readInput(where);
  const content = /\.ya?ml$/i.test(where)
    ? await fromYaml(where, bytes.toString("utf8"))
    : fromJson(where, bytes);
  if (typeof content !== "object" || content === null || Array.isArray(content))
    throw usage(`${where} is no OpenAPI document: it must be an object`);
  return { kind: "file", content: content as Record<string, unknown> };
}

/** As the setting of a tool. */
export const openapiSetting = (document: Document): string =>
  document.kind === "url" ? document.url : OPENAPI_GIVEN;

/** As the body of a refresh. */
export const givenDocument = (document: Document | undefined) =>
  document?.kind === "file" ? { document: document.content } : {};

function fromJson(file: string, bytes: Uint8Array): unknown {
  const parsed = parseJsonBytes(bytes);
  // Checked here, because the server could not: parsing would change such a number before it is sent.
  if (!parsed.ok) throw usage(`${file}${pointerOf(parsed.error)} ${JSON_FAULTS[parsed.error.kind]}`);
  return parsed.value;
}

/** The library bounds how often an alias is repeated. */
async function fromYaml(file: string, text: string): Promise<unknown> {
  const { parse, YAMLParseError } = await import("../../yaml.ts");
  try {
    return parse(text, { strict: true, uniqueKeys: true }) as unknown;
  } catch (fault) {
    // A missing or endless alias is a ReferenceError, and nesting without end a RangeError.
    const isOfFile = [YAMLParseError, ReferenceError, RangeError].some((kind) => fault instanceof kind);
    if (!isOfFile || !(fault instanceof Error)) throw fault;
    throw usage(`${file} is not YAML that can be used: ${fault.message.split(/:?\n/)[0] ?? ""}`);
  }
}
