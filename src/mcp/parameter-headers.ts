/**
 * Arguments that a tool's schema repeats in headers (`x-mcp-header`, 2026-07-28 "Custom Headers from Tool Parameters").
 * The schema is the pinned one, not what the upstream says now.
 */
import { oncePer } from "../kernel/once-per.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { decodeHeaderValue, encodeHeaderValue } from "./header-value.ts";
import { isObject } from "./json-members.ts";

/** One annotation: where the argument is, and the header that repeats it. */
interface ParameterHeader {
  /** Names of members, from the arguments inwards. */
  readonly path: readonly string[];
  /** In full and in lower case: `mcp-param-region`. */
  readonly header: string;
  readonly type: string;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/; // RFC 9110 §5.6.2
/** The revision's text allows no `number`; the authors' suite and SDK do, so a server may have one. */
const TYPES: ReadonlySet<string> = new Set(["string", "integer", "boolean", "number"]);
/** Deeper nesting has no annotation that a client would find; the schema itself is bounded elsewhere. */
const DEEPEST = 64;

/**
 * The annotations of a schema. One stands only on a member that is reached through `properties` alone; anywhere else it
 * makes the definition invalid, and the tool is left out of lists.
 * @returns an error that says in words what is wrong with the schema.
 */
export function parameterHeaders(schema: unknown): Result<readonly ParameterHeader[], string> {
  const found: ParameterHeader[] = [];
  const fault = collect(schema, [], true, found);
  if (fault !== null) return err(fault);
  const names = found.map(({ header }) => header);
  if (new Set(names).size !== names.length) return err("names one header twice");
  return ok(found);
}

/**
 * The annotations of a schema that was looked at before it was pinned. The schema is walked once: the catalog keeps it
 * in memory until the workspace changes.
 * @returns none for a schema that was stored before a newer rule.
 */
export const pinnedParameterHeaders = oncePer((schema: object): readonly ParameterHeader[] => {
  const found = parameterHeaders(schema);
  return found.ok ? found.value : [];
});

function collect(
  node: unknown,
  path: readonly string[],
  direct: boolean,
  found: ParameterHeader[],
): string | null {
  if (path.length > DEEPEST) return "is nested too deeply";
  if (Array.isArray(node)) {
    return firstFault(node, (item) => collect(item, [...path, "[]"], false, found));
  }
  if (!isObject(node)) return null;
  if ("x-mcp-header" in node && isSchemaPlace(path)) {
    const { "x-mcp-header": name, type } = node;
    if (!direct || path.length === 0) return "has x-mcp-header where no argument is reached by names alone";
    if (typeof name !== "string" || !TOKEN.test(name))
      return "has an x-mcp-header that is no name of a header";
    if (typeof type !== "string" || !TYPES.has(type))
      return "has an x-mcp-header on what is no text, number or boolean";
    found.push({
      path: path.filter((_step, at) => at % 2 === 1),
      header: `mcp-param-${name.toLowerCase()}`,
      type,
    });
  }
  return firstFault(Object.entries(node), ([key, inner]) => {
    if (VALUES.has(key)) return null; // what stands there is a value, not a schema
    if (key !== "properties") return collect(inner, [...path, key], false, found);
    if (!isObject(inner)) return null;
    return firstFault(Object.entries(inner), ([name, child]) =>
      collect(child, [...path, "properties", name], direct, found),
    );
  });
}

const VALUES: ReadonlySet<string> = new Set(["default", "const", "enum", "examples"]);

/** False inside `$defs` and its like, where a member `x-mcp-header` would be the name of a schema. */
const isSchemaPlace = (path: readonly string[]): boolean => {
  const last = path.at(-1);
  const before = path.at(-2);
  return (
    before === "properties" ||
    !["$defs", "definitions", "patternProperties", "dependentSchemas"].includes(last ?? "")
  );
};

function firstFault<T>(items: readonly T[], fault: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = fault(item);
    if (found !== null) return found;
  }
  return null;
}

/**
 * Compares a modern client's headers with its arguments.
 * @returns what differs, in one sentence without a value; null when all agree.
 */
export function parameterMismatch(
  annotations: readonly ParameterHeader[],
  args: unknown,
  headers: Headers,
): string | null {
  return firstFault(annotations, ({ path, header, type }) => {
    const sent = headers.get(header);
    const text = textOf(at(args, path));
    if (text === null)
      return sent === null ? null : `The header ${header} repeats an argument that is not there.`;
    if (sent === null) return `The request has no header ${header}, which repeats an argument.`;
    const decoded = decodeHeaderValue(sent);
    if (decoded === null) return `The header ${header} begins as base64 and is not.`;
    return decoded === text || isSameNumber(type, decoded, text)
      ? null
      : `The header ${header} and the argument that it repeats differ.`;
  });
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/;
/** Numbers are compared as such: `42.0` is 42. */
const isSameNumber = (type: string, sent: string, text: string): boolean =>
  (type === "integer" || type === "number") && DECIMAL.test(sent) && Number(sent) === Number(text);

/** The headers that a modern upstream wants with these arguments; an absent or null argument has none. */
export function parameterHeaderValues(
  annotations: readonly ParameterHeader[],
  args: unknown,
): readonly (readonly [string, string])[] {
  return annotations.flatMap(({ path, header }) => {
    const text = textOf(at(args, path));
    return text === null ? [] : [[header, encodeHeaderValue(text)] as const];
  });
}

const at = (args: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    args,
  );

/** A text, number or boolean as a header has it; null for anything else, which the schema refuses by itself. */
const textOf = (value: unknown): string | null =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : null;
