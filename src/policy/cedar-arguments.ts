/**
 * The one way by which the arguments of a call reach Cedar.
 *
 * Cedar's JSON has words of its own: `{"owner": {"__entity": …}}` would be a real entity, which its sender could choose. And
 * one `null`, `1.5` or `1e19` makes the whole request fail. So nothing is passed as it is: what the shape of the operation's
 * arguments has a type for is made anew, and a member that begins with `__`, anywhere, denies. A value that Cedar has none
 * for is left out and listed, and a policy that reads it denies (P9).
 */
import type { CedarValueJson } from "@cedar-policy/cedar-wasm/web";
import { utf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { MOST_ARGUMENT_DEPTH, type RecordShape, type Shape } from "./argument-shape.ts";
import { isCedarText } from "./cedar-text.ts";
import type { Path } from "./context-reads.ts";

/** The greatest size of arguments that a policy may look at, in bytes of UTF-8. */
const MOST_ARGUMENT_BYTES = 65_536;

export interface CedarArguments {
  readonly value: Readonly<Record<string, CedarValueJson>>;
  /** What was left out. Of an array it is the array, because Cedar's sets have no places. */
  readonly omitted: readonly Path[];
}

/**
 * @param args JSON; undefined: none.
 * @returns what Cedar gets, or why policies cannot look at these arguments, as a sentence.
 */
export function cedarArguments(shape: RecordShape, args: unknown): Result<CedarArguments, string> {
  const fault = unsupported(args);
  if (fault !== null) return err(fault);
  const omitted: Path[] = [];
  const value = recordOf(shape, args === undefined ? {} : args, [], omitted);
  return ok({ value: value ?? {}, omitted: value === undefined ? [[]] : omitted });
}

function unsupported(args: unknown): string | null {
  const fault = wordFault(args, 0);
  if (fault !== null) return fault;
  return utf8(JSON.stringify(args ?? null)).length > MOST_ARGUMENT_BYTES
    ? `The arguments have more than ${MOST_ARGUMENT_BYTES} bytes.`
    : null;
}

function wordFault(value: unknown, depth: number): string | null {
  if (typeof value !== "object" || value === null) return null;
  if (depth >= MOST_ARGUMENT_DEPTH)
    return `The arguments are nested deeper than ${MOST_ARGUMENT_DEPTH} levels.`;
  for (const [name, member] of Object.entries(value)) {
    if (name.startsWith("__")) return "A member of the arguments has a name that begins with __.";
    const fault = wordFault(member, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}

function recordOf(
  { members }: RecordShape,
  value: unknown,
  path: Path,
  omitted: Path[],
): Record<string, CedarValueJson> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const held = new Map<string, unknown>(Object.entries(value));
  const made: [string, CedarValueJson][] = [];
  for (const [name, { shape }] of members) {
    const member = held.get(name);
    if (member === undefined || member === null) continue;
    const at = [...path, name];
    const converted = valueOf(shape, member, at, omitted);
    if (converted === undefined) omitted.push(at);
    else made.push([name, converted]);
  }
  return Object.fromEntries(made);
}

/** @returns undefined when Cedar has no such value. */
function valueOf(shape: Shape, value: unknown, path: Path, omitted: Path[]): CedarValueJson | undefined {
  switch (shape.kind) {
    case "string":
      return isCedarText(value) ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "long":
      return Number.isSafeInteger(value) ? Number(value) + 0 : undefined;
    case "decimal":
      return decimalOf(value);
    case "record":
      return recordOf(shape, value, path, omitted);
    case "set":
      return setOf(shape.element, value, path, omitted);
  }
}

function setOf(element: Shape, value: unknown, path: Path, omitted: Path[]): CedarValueJson[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const within: Path[] = [];
  const made = value.map((each: unknown) => valueOf(element, each, path, within));
  const values = made.filter((each) => each !== undefined);
  if (within.length > 0 || values.length < made.length) omitted.push(path);
  return values;
}

/** A decimal of Cedar has at most four digits behind the point, and 64 bits: ±922337203685477.5807. */
const DECIMAL = /^(-?\d+)(?:\.(\d{1,4}))?$/;
const MOST_UNITS = 2n ** 63n - 1n;

function decimalOf(value: unknown): CedarValueJson | undefined {
  if (typeof value !== "number") return undefined;
  const [, whole, fraction = "0"] = DECIMAL.exec(String(value)) ?? [];
  if (whole === undefined) return undefined;
  const units = BigInt(whole + fraction.padEnd(4, "0"));
  if (units > MOST_UNITS || units < -MOST_UNITS) return undefined;
  return { __extn: { fn: "decimal", arg: `${whole}.${fraction}` } };
}
