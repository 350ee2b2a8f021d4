/** The audit side of every owner object. */
import type { AuditDraft, AuditRecord } from "../../contract/audit.ts";

/** Every owner object has an outbox that takes records of others, and one in D1 that it drains. */
export interface AuditOwner {
  /** Appends audit records to this object's outbox; durable when it resolves. */
  record(drafts: readonly AuditDraft[]): Promise<void>;
  /** Takes in hedged copies of records that another producer has numbered; durable when it resolves. */
  carry(records: readonly AuditRecord[]): Promise<void>;
  /** Begins to drain what of this owner is left in D1. */
  drainAudit(): Promise<void>;
}
