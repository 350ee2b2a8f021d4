/**
 * What carries records out of an outbox: to the queue (production) or straight into the ledgers (embedded).
 * A record counts as delivered only when the other side has said so; everything else is reported as failed and stays
 * where it is.
 */
import type { AuditRecord, LedgerName } from "../contract/audit.ts";

export interface Failure {
  /** The record's id. */
  readonly id: string;
  readonly reason: string;
}

interface Delivery {
  readonly failed: readonly Failure[];
}

export interface Carrier {
  /** At most 100 records and 256 KB. Never throws: what went wrong is in `failed`. */
  deliver(records: readonly AuditRecord[]): Promise<Delivery>;
}

/** What a ledger answers to an append. */
export interface AppendReport {
  /** Records that are new in the ledger. */
  readonly accepted: number;
  /** Repeats of records that it already had. */
  readonly merged: number;
  /** Records that it could not read and has kept aside. */
  readonly rejected: number;
  readonly last_seq: number;
}

/** The ledgers, by name. Whatever `append` answers to is durable. */
export interface LedgerPort {
  append(ledger: LedgerName, records: readonly unknown[]): Promise<AppendReport>;
}

interface QueueBatchPort {
  sendBatch(messages: Iterable<{ body: AuditRecord }>): Promise<unknown>;
}

/** Carries to the audit queue. A batch is accepted as a whole or not at all. */
export function queueCarrier(queue: QueueBatchPort): Carrier {
  return {
    deliver: async (records) => {
      try {
        await queue.sendBatch(records.map((body) => ({ body })));
        return { failed: [] };
      } catch (fault) {
        return { failed: failures(records, fault) };
      }
    },
  };
}

/** Carries to each record's own ledger; one ledger that fails does not hold up the others. */
export function ledgerCarrier(ledgers: LedgerPort): Carrier {
  return {
    deliver: async (records) => {
      const groups = [...Map.groupBy(records, (record) => record.workspace)];
      const outcomes = await Promise.all(
        groups.map(async ([ledger, group]) => {
          try {
            await ledgers.append(ledger, group);
            return [];
          } catch (fault) {
            return failures(group, fault);
          }
        }),
      );
      return { failed: outcomes.flat() };
    },
  };
}

function failures(records: readonly AuditRecord[], fault: unknown): Failure[] {
  const reason = fault instanceof Error ? fault.message : String(fault);
  return records.map(({ id }) => ({ id, reason }));
}
