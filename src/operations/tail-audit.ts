/**
 * The live ledger: records as they arrive, with the filters of the list, resumable from a `seq`. The reader's right is
 * checked again every round, so that a reader that lost it is cut off within seconds.
 */
import type { ShownEntry } from "../contract/audit.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { noteReading } from "./note-reading.ts";
import { filterRefusal, recordable, resolveQuery, type AuditListQuery } from "./list-audit.ts";
import { withNames } from "./answer/names.ts";
import type { TailPage } from "./owners/ledger-reader.ts";
import type { OperatorRequest } from "./request/ports.ts";
import type { ReceiptPorts } from "./read-halt.ts";
import type { Refusal } from "./answer/refusal.ts";

/** The length of one round, in milliseconds; a reader that lost its right is cut off within this time. */
const ROUND_MS = 2_000;

/** The records of one round, and the `seq` from which the next continues. Empty rounds keep the connection alive. */
interface TailRound {
  readonly entries: readonly ShownEntry[];
  readonly lastSeq: number;
}

export type Tail = () => Promise<TailRound | null>;

/**
 * @param after the last `seq` the reader has seen. When undefined: records from `since` on, or without `since` only new
 * ones.
 * @param mayStillRead called before every round.
 * @returns a function that returns the next round; null when the reader may no longer read.
 */
export async function tailAudit(
  ports: ReceiptPorts,
  request: OperatorRequest,
  query: AuditListQuery,
  after: number | undefined,
  mayStillRead: () => Promise<boolean>,
): Promise<Result<Tail, Refusal>> {
  const resolved = await resolveQuery(ports, request, query);
  if (!resolved.ok) return resolved;
  const { ledger, workspace, filters } = resolved.value;
  const round = async ({ entries, last_seq: lastSeq, emails }: TailPage): Promise<TailRound> => ({
    entries: await withNames(ports.db, workspace, entries, emails),
    lastSeq,
  });
  const start = await ports.ledgers.tail(ledger, filters, after ?? null, 0);
  if (!start.ok) return err(filterRefusal(start.error));
  const noted = await noteReading(ports, request, ledger, { tail: true, ...recordable(query, filters) });
  if (!noted.ok) return noted;

  let first: TailPage | null = start.value;
  let lastSeq = start.value.last_seq;
  return ok(async () => {
    if (first !== null) {
      const page = first;
      first = null;
      return round(page);
    }
    if (!(await mayStillRead())) return null;
    const page = await ports.ledgers.tail(ledger, filters, lastSeq, ROUND_MS);
    if (!page.ok) throw new Error(`a filter that was right is not any more: ${page.error.kind}`);
    lastSeq = page.value.last_seq;
    return round(page.value);
  });
}
