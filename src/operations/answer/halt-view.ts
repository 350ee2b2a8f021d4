/** The view of a halt, as in its receipt. */
import type { Operator } from "../../access/operator.ts";
import type { Halt } from "../../contract/halt.ts";
import { rfc3339, rfc3339OrNull } from "../../kernel/clock.ts";
import { defined } from "../../kernel/defined.ts";
import { EFFECTIVE_BOUND_MS } from "../../lifecycle/halt.ts";
import { mayDo } from "../../operators/permissions.ts";
import { HALT_NOTE } from "../../tokens/halt-receipt.ts";
import type { HaltProgress } from "../owners/halts.ts";

/** The time at which the whole halt was effective: for a cascade, that of its last descendant. */
export const effectiveAtOf = ({ halt, cascade }: HaltProgress): number | null =>
  cascade === undefined ? halt.effectiveAt : cascade.finishedAt;

/**
 * The part of a stop that the reader may see. A reader without `audit:read` must not learn of other agents and users:
 * the number of a family's members is shown but not their ids, and for a stop with a cause, the cause is left out
 * (P11).
 */
export function haltFor({ role }: Reader, progress: HaltProgress): HaltProgress {
  if (mayDo(role, "audit:read")) return progress;
  const { cause: _cause, user: _user, txn: _txn, ...halt } = progress.halt;
  const { cascade } = progress;
  return { ...progress, halt, ...defined({ cascade: cascade && { ...cascade, agents: [] } }) };
}

type Reader = Pick<Operator, "role">;

/** What only a receipt has, because it is read from the ledger. */
const UNREAD = { last_admitted: null, acts_cut: null, receipt: null };

export const haltView = (
  reader: Reader,
  known: HaltProgress,
  more: Pick<Halt, "last_admitted" | "acts_cut" | "receipt"> = UNREAD,
): Halt => {
  const progress = haltFor(reader, known);
  const { halt, effectiveInMs, cascade } = progress;
  return {
    id: halt.id,
    kind: halt.kind,
    workspace_id: halt.workspaceId,
    agents: [...halt.agents, ...(cascade?.agents ?? [])].map(({ agent, epoch }) => ({ agent, epoch })),
    keys: [...halt.keys],
    halt_epoch: halt.haltEpoch ?? null,
    user: halt.user ?? null,
    txn: halt.txn ?? null,
    cause: halt.cause === undefined ? null : { ...halt.cause },
    cascade:
      cascade === undefined
        ? null
        : {
            total: cascade.total,
            committed: cascade.committed,
            effective: cascade.effective,
            complete: cascade.finishedAt !== null,
          },
    operator: { ...halt.operator },
    reason: halt.reason,
    committed_at: rfc3339(halt.committedAt),
    effective_at: rfc3339OrNull(effectiveAtOf(progress)),
    effective_in_ms: effectiveInMs,
    bound_ms: EFFECTIVE_BOUND_MS,
    ...more,
    note: HALT_NOTE,
  };
};
