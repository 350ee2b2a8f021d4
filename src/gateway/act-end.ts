/** How an act at a server ended, as its outcome's record says it. */
import type { ActEnd } from "../access/act.ts";
import { defined } from "../kernel/defined.ts";
import { WHO_FAILED, type CallFault } from "./who-failed.ts";

/**
 * @param latencyMs from the first look at the server to the end.
 * @param reason why it failed; undefined: it did not.
 * @param data what the protocol of the server has to say.
 */
export const actEnd = (
  latencyMs: number,
  outcome: ActEnd["outcome"],
  reason: CallFault | undefined,
  data: Readonly<Record<string, unknown>>,
): ActEnd => ({
  outcome,
  facts: {
    latency_ms: latencyMs,
    ...defined({ reason }),
    data: { ...data, ...defined({ who: reason && WHO_FAILED[reason] }) },
  },
});
