/**
 * Why no arguments of an operation can be checked. Its calls are denied whatever they say, and nobody who calls can mend
 * that: an operator can, with another schema, where the schema is the reason.
 */
import { uncheckable } from "./argument-schema.ts";
import type { PinnedRequest } from "./http-definition.ts";
import type { JsonSchema } from "./schema-text.ts";

interface UnusableOperation {
  /** Worded to follow "it". */
  readonly why: string;
  /** An operator can give the operation another schema. */
  readonly isMendable: boolean;
}

interface Checked {
  /** Of the arguments, as calls are decided: from the entry of the tool, else as pinned. */
  readonly schema: JsonSchema | undefined;
  /** The entry of the tool has it. */
  readonly isOfEntry: boolean;
  /** How an operation that an OpenAPI document describes is called. */
  readonly request: Pick<PinnedRequest, "refused" | "uncheckable"> | undefined;
}

/** @returns null when arguments can be checked, or nothing is demanded of them. */
function unusableOperation({ schema, isOfEntry, request }: Checked): UnusableOperation | null {
  if (request?.refused !== undefined) return { why: request.refused, isMendable: false };
  const ofDocument = isOfEntry ? undefined : request?.uncheckable;
  const why = ofDocument ?? (schema === undefined ? null : uncheckable(schema));
  return why === null ? null : { why, isMendable: true };
}

/** A tool as decisions read it. */
interface DecidedTool {
  readonly schemas: ReadonlyMap<string, JsonSchema>;
  readonly pinned: ReadonlyMap<string, JsonSchema>;
  readonly requests: ReadonlyMap<string, PinnedRequest>;
}

export const unusableIn = (tool: DecidedTool, operation: string): UnusableOperation | null =>
  unusableOperation({
    schema: tool.schemas.get(operation),
    isOfEntry: tool.schemas.get(operation) !== tool.pinned.get(operation),
    request: tool.requests.get(operation),
  });

/**
 * Of a definition that was listed or stored.
 * @param schemas those of the tool's entry.
 */
export function unusableDefinition(
  operation: string,
  { inputSchema, request }: Readonly<Record<string, unknown>>,
  schemas: Readonly<Record<string, JsonSchema>> | null,
): UnusableOperation | null {
  const ofEntry = schemas !== null && Object.hasOwn(schemas, operation) ? schemas[operation] : undefined;
  return unusableOperation({
    schema: ofEntry ?? (inputSchema as JsonSchema | undefined),
    isOfEntry: ofEntry !== undefined,
    request: request as PinnedRequest | undefined,
  });
}
