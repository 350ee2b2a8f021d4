/**
 * The definition of one tool as an MCP server lists it. Dome pins it: a model has read the description and somebody has
 * approved it, so a later one is another tool under the same name.
 */
import { canonical } from "../kernel/canonical.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";
import { escapedStep } from "../kernel/json-pointer.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isObject, type Members } from "./json-members.ts";
import { parameterHeaders } from "./parameter-headers.ts";

/** What a client is told of the tool; a change of any of these is a change of the tool. */
const PARTS = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"] as const;

/** How an operation of an HTTP tool is called: its definition has the same form otherwise. */
const REQUEST = "request";

export interface ToolDefinition {
  readonly name: string;
  /** SHA-256 of the canonical form of the parts, in hexadecimal: the order of members and the spelling do not matter. */
  readonly hash: string;
  readonly inputSchema: Members;
  /** As it was listed, further members included: lists of Dome show it unchanged. */
  readonly listed: Members;
}

/** The largest definition that is pinned, in bytes of JSON. */
const MOST_BYTES = 65_536;
/** 2025-11-25 and 2026-07-28, "Tool Names". */
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** @returns an error that says in words why the tool cannot be used; nothing of the definition is repeated in it. */
export function toolDefinition(listed: unknown): Result<ToolDefinition, string> {
  if (!isObject(listed)) return err("is no object");
  const { name, inputSchema, outputSchema, description } = listed;
  if (typeof name !== "string" || !NAME.test(name))
    return err("has no name of 1 to 128 of A-Z a-z 0-9 _ . -");
  if (!isObject(inputSchema)) return err("has no inputSchema");
  if (outputSchema !== undefined && !isObject(outputSchema))
    return err("has an outputSchema that is no object");
  if (description !== undefined && typeof description !== "string")
    return err("has a description that is no text");
  const headers = parameterHeaders(inputSchema);
  if (!headers.ok) return err(`has an inputSchema that ${headers.error}`);
  if (utf8(JSON.stringify(listed)).length > MOST_BYTES) return err(`has more than ${MOST_BYTES} bytes`);
  return ok({ name, hash: hashOf(listed), inputSchema, listed });
}

function hashOf(listed: Members): string {
  const parts = Object.fromEntries(PARTS.map((part) => [part, listed[part]]));
  return toHex(sha256Sync(utf8(canonical(parts))));
}

/** One difference between two definitions. */
interface Difference {
  /** A JSON Pointer (RFC 6901) into the definition. */
  readonly pointer: string;
  readonly change: "added" | "removed" | "changed";
  readonly before?: unknown;
  readonly after?: unknown;
}

/** More differences than a person would read; the definitions themselves are shown beside them. */
const MOST_DIFFERENCES = 50;

/** The differences of what a client is told, from the outside in. */
export function definitionDifferences(before: Members, after: Members): readonly Difference[] {
  const found: Difference[] = [];
  for (const part of [...PARTS, REQUEST]) compare(before[part], after[part], `/${part}`, found);
  return found.slice(0, MOST_DIFFERENCES);
}

/** Each value is visited once: objects are compared member by member, and only the rest by its canonical form. */
function compare(before: unknown, after: unknown, pointer: string, found: Difference[]): void {
  if (found.length >= MOST_DIFFERENCES || before === after) return;
  if (before === undefined) found.push({ pointer, change: "added", after });
  else if (after === undefined) found.push({ pointer, change: "removed", before });
  else if (isObject(before) && isObject(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(own(before, name), own(after, name), `${pointer}/${escapedStep(name)}`, found);
    }
  } else if (isObject(before) || isObject(after) || canonical(before) !== canonical(after))
    found.push({ pointer, change: "changed", before, after });
}

const own = (members: Members, name: string): unknown =>
  Object.hasOwn(members, name) ? members[name] : undefined;

/** A difference as a sentence for whoever approves. */
export function differenceInWords({ pointer, change, before, after }: Difference): string {
  if (change === "changed") return `${pointer} changed from ${shown(before)} to ${shown(after)}`;
  return change === "added"
    ? `${pointer} was added: ${shown(after)}`
    : `${pointer} was removed: ${shown(before)}`;
}

const MOST_SHOWN = 300;
/** JSON on one line; control characters are escaped by it, so that nothing of a server reaches a terminal raw. */
function shown(value: unknown): string {
  const text = JSON.stringify(value).replaceAll(
    /[\u007F-\u009F\u2028-\u202E\u2066-\u2069]/g,
    (char) => String.raw`\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
