/**
 * Results of a tool call that Dome gives in place of the upstream. They are results and not errors, so that the model
 * reads the sentence and can do something else; the decision stands beside it for programs.
 */
import { defined } from "../kernel/defined.ts";
import type { RequestId } from "./json-members.ts";
import type { Era } from "./revision.ts";

interface OwnResult {
  /** One sentence for the model. */
  readonly sentence: string;
  /** The decision in its safe form: nothing that the caller may not see. Absent when none was made. */
  readonly decision?: object;
}

export function failedCall(id: RequestId, era: Era, { sentence, decision }: OwnResult): string {
  const result = {
    ...defined({ resultType: era === "modern" ? ("complete" as const) : undefined }),
    content: [{ type: "text", text: sentence }],
    isError: true,
    ...defined({ _meta: decision && { "dome/decision": decision } }),
  };
  return JSON.stringify({ jsonrpc: "2.0", id, result });
}

/** An empty result: for requests that an upstream of the other era does not know. */
export const emptyResult = (id: RequestId): string => JSON.stringify({ jsonrpc: "2.0", id, result: {} });
