/**
 * Checks the argument schemas that an operator sends. A refusal names the operation and the place of the fault in its
 * schema.
 */
import { checkSchemas, shownPointer } from "../../registry/argument-schema.ts";
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
