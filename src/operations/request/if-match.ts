/** `If-Match` on the control plane: a writer does not undo another writer's change unknowingly. */
import type { Refusal } from "../answer/refusal.ts";

/** The versions for which the change is wanted; null for any (no `If-Match`, or `*`). */
export type IfMatch = readonly number[] | null;

/** @returns the refusal when `version` is not among them (RFC 9110 §13.1.1), else null. */
export const staleUnder = (ifMatch: IfMatch, version: number): Refusal | null =>
  ifMatch === null || ifMatch.includes(version)
    ? null
    : {
        code: "precondition_failed",
        detail: `The resource has changed since you read it: its version is ${version}. Read it again, then repeat the change.`,
      };
