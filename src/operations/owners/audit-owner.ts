/** The audit interface of every owner object. */
import type { WrittenDraft } from "../../audit/record.ts";
import type { AuditRecord } from "../../contract/audit.ts";

/**
 * Every owner object has an outbox of its own, which accepts records from other producers, and one in D1, which it
 * drains.
 */
export interface AuditOwner {
  /** Appends audit records to this object's outbox; durable when it resolves. */
  record(drafts: readonly WrittenDraft[]): Promise<void>;
  /** Stores hedged copies of records that another producer has numbered; durable when it resolves. */
  carry(records: readonly AuditRecord[]): Promise<void>;
  /** Begins to drain the records of this owner that remain in D1. */
  drainAudit(): Promise<void>;
}
