/**
 * The live trail: what arrives in a ledger, as it arrives, with the filters of the list, resumable from a `seq`.
 * The reader's right is looked at again every round, so that a reader who lost it stops reading within seconds.
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

/** One round of waiting, in milliseconds: how soon a reader who lost the right is cut. */
const ROUND_MS = 2_000;

/** One round: what came, and from where the next one goes on. Empty rounds keep the connection alive. */
interface TailRound {
  readonly entries: readonly ShownEntry[];
  readonly lastSeq: number;
}

export type Tail = () => Promise<TailRound | null>;

/**
 * @param after the last `seq` the reader has seen; undefined: what is there from `since` on, else only what comes now.
 * @param mayStillRead asked before every round.
 * @returns the next round, each time it is called; null when the reader may not read any more.
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
