/** An act whose intent has no outcome yet: until when one can arrive, and what is recorded when none has. */
import type { AuditDraft, StoredRecord } from "../contract/audit.ts";
import { UNKNOWN_OUTCOME } from "../contract/open-act.ts";
import type { Clock } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import type { IdSource } from "../kernel/ids.ts";
import { draftRecord } from "./record.ts";

/** For an intent that does not say how long its act may take: the longest that a built-in tier allows, in seconds. */
const LONGEST_ACT_S = 3600;
/**
 * How long an outcome may be on its way to the ledger, in milliseconds: twice the longest back-off of an outbox, which
 * is more than a queue takes for a batch.
 */
const LATE_MS = 120_000;

/**
 * When no outcome can arrive any more, in milliseconds since the epoch: after the longest time that the act may take.
 * @param arrivedAt by the ledger's clock. The act began no later, because its intent comes first.
 */
export function closesAt({ data }: StoredRecord, arrivedAt: number): number {
  const said = data !== undefined && "max_act_seconds" in data ? data.max_act_seconds : undefined;
  const seconds = typeof said === "number" && said > 0 ? said : LONGEST_ACT_S;
  return Math.ceil(arrivedAt + seconds * 1000 + LATE_MS);
}

/** What a ledger records at that time. A user is named by id alone: the rest may have been erased meanwhile. */
export const unknownOutcome = (
  source: { readonly clock: Clock; readonly ids: IdSource },
  { id, workspace, agent, chain, user, target, action, decision_id, txn, request_id }: StoredRecord,
): AuditDraft =>
  draftRecord(source, {
    workspace,
    kind: "call.outcome",
    ...defined({ agent, chain, target, action, decision_id, txn, request_id }),
    ...defined({ user: user && { id: user.id } }),
    outcome: UNKNOWN_OUTCOME,
    reason: "outcome_missing",
    data: { intent: id },
  });
