/** Schemas of arguments as an operator sends them: refused with the operation, and where in its schema the fault is. */
import { checkSchemas } from "../../registry/argument-schema.ts";
import { memberRefusal, type Refusal } from "../answer/refusal.ts";

/** @returns nothing when the tool, as it would be, may be kept. */
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

/** As far as it may be shown: a name may be anything, also a key in the wrong place (P4). */
function shownPointer(pointer: string): string {
  const steps = pointer.split("/");
  const odd = steps.findIndex((step) => !/^[\w.$~-]{0,40}$/.test(step));
  return steps.slice(0, odd === -1 ? steps.length : odd).join("/") || "/";
}
