/** `If-Match` on the control plane: two writers do not undo each other unseen. */
import type { Refusal } from "../answer/refusal.ts";

/** The versions under which a change is wanted; null: whatever is there (no `If-Match`, or `*`). */
export type IfMatch = readonly number[] | null;

/** @returns the refusal when `version` is none of those that were asked for (RFC 9110 §13.1.1). */
export const staleUnder = (ifMatch: IfMatch, version: number): Refusal | null =>
  ifMatch === null || ifMatch.includes(version)
    ? null
    : {
        code: "precondition_failed",
        detail: `The resource has changed since you read it: its version is ${version}. Read it again, then repeat the change.`,
      };
