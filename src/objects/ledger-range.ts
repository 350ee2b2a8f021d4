/** Narrows a page of the audit list to a range of the ledger. */
import type { AuditQuery } from "../contract/audit.ts";
import { ok, type Result } from "../kernel/result.ts";
import type { LedgerFacts } from "./ledger-facts.ts";
import { parseCursor, type SeqRange } from "./ledger-query.ts";
import type { LedgerStore } from "./ledger-store.ts";

export interface BadCursor {
  readonly kind: "bad_cursor";
}

/** The range of `seq` that can hold matching records, by the cursor and the times of the query. */
export function rangeOf(
  { after, cursor, order, since, until }: AuditQuery,
  store: LedgerStore,
  facts: LedgerFacts,
): Result<SeqRange, BadCursor> {
  const last = store.head().seq;
  let from = since === undefined ? 1 : store.firstSince(Date.parse(since), last);
  // A record from before `until` arrived, at the latest, when the ledger's time was `until` plus the longest lag.
  let to = until === undefined ? last : store.firstSince(Date.parse(until) + facts.timeLag(), last) - 1;
  const shown = cursor === undefined ? ok(undefined) : parseCursor(cursor);
  if (!shown.ok) return shown;
  for (const seq of [after, shown.value]) {
    if (seq === undefined) continue;
    if (order === "newest") to = Math.min(to, seq - 1);
    else from = Math.max(from, seq + 1);
  }
  return ok({ from, to });
}
