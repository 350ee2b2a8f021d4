/**
 * Checks the argument schemas that an operator sends. A refusal names the operation and the place of the fault in its
 * schema.
 */
import { checkSchemas } from "../../registry/argument-schema.ts";
import { memberRefusal, type Refusal } from "../answer/refusal.ts";

/** @returns undefined when the tool is acceptable. */
export function refusedSchemas(tool: {
  readonly operations: readonly string[] | null;
  readonly argumentSchemas: Readonly<Record<string, unknown>> | null;
}): Refusal | undefined {
  const checked = checkSchemas(tool.argumentSchemas ?? {}, tool.operations);
  if (checked.ok) return undefined;
  const { operation, pointer, detail } = checked.error;
  const of = operation === "" ? "The schemas" : `The schema of ${operation}`;
  const where = pointer === "" ? "" : `, at ${shownPointer(pointer)}`;
  const member = operation === "" ? "argument_schemas" : `argument_schemas.${operation}`;
  return memberRefusal("invalid_request", member, `${of}${where}: it ${detail}.`);
}

/** The part of the pointer that may be shown: a name in it may be anything, even a key in the wrong place (P4). */
function shownPointer(pointer: string): string {
  const steps = pointer.split("/");
  const odd = steps.findIndex((step) => !/^[\w.$~-]{0,40}$/.test(step));
  return steps.slice(0, odd === -1 ? steps.length : odd).join("/") || "/";
}
