/** Local references of an OpenAPI document. A reference to another document is never followed. */
import { atPointer } from "../../kernel/json-pointer.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { isObject, type JsonSchema } from "../schema-text.ts";

/** As many references as one may go through; more lead round and round. */
const MOST_HOPS = 20;

/** The pointer of a local reference, decoded, so that one place has one name; null for any other reference. */
export function pointerIn(reference: unknown): string | null {
  if (typeof reference !== "string" || !reference.startsWith("#/")) return null;
  try {
    return decodeURIComponent(reference.slice(1));
  } catch {
    return null; // a % that encodes nothing
  }
}

/** The object itself, or the one that its `$ref` leads to. */
export function resolved(document: JsonSchema, value: unknown): Result<JsonSchema, string> {
  let current = value;
  for (let hops = 0; hops < MOST_HOPS; hops += 1) {
    if (!isObject(current)) return err("has a part that is no object");
    if (!Object.hasOwn(current, "$ref")) return ok(current);
    const pointer = pointerIn(current["$ref"]);
    if (pointer === null) return err("refers to another document");
    current = atPointer(document, pointer);
    if (current === undefined) return err("has a reference that leads nowhere");
  }
  return err("has references that lead round and round");
}

/** A member of the object itself, never of its prototype. */
export const own = (members: JsonSchema, name: string): unknown =>
  Object.hasOwn(members, name) ? members[name] : undefined;
