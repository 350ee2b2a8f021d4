/**
 * Carries records out of an outbox: to the queue (production) or directly into the ledgers (embedded). A record
 * counts as delivered only when the receiver has confirmed it. Every other record is reported as failed and stays
 * in the outbox.
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
  /** At most 100 records and 256 KB. Never throws; `failed` holds the errors. */
  deliver(records: readonly AuditRecord[]): Promise<Delivery>;
}

/** The answer of a ledger to an append. */
export interface AppendReport {
  /** Records that are new in the ledger. */
  readonly accepted: number;
  /** Records that the ledger had already. */
  readonly merged: number;
  /** Records that the ledger could not read and has kept aside. */
  readonly rejected: number;
  readonly last_seq: number;
}

/** The ledgers, by name. Once `append` has answered, the records are durable. */
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

/** Carries each record to its own ledger. A ledger that fails does not delay the others. */
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
