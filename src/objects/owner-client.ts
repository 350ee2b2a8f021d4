/**
 * The client of an owner's object in an isolate: the part that all owners share. Every call that may have changed the
 * owner drops the isolate's lease of it, so that the caller sees its own change at once.
 */
import type { WrittenDraft } from "../audit/record.ts";
import type { AuditRecord } from "../contract/audit.ts";
import type { AuditOwner } from "../operations/owners/audit-owner.ts";
import type { HaltProgress, HaltQuery, HaltSource } from "../operations/owners/halts.ts";
import type { Configured } from "../operations/owners/owner-answer.ts";
import type { RequestKey } from "../storage/idempotency.ts";

/** Drops the isolate's lease of the owner. */
type DropLease = () => void;

interface AnyOwner extends HaltSource, AuditOwner {
  isClean(): Promise<boolean>;
  repeated(request: RequestKey | null): Promise<Configured | null>;
}

export abstract class OwnerClient<Owner extends AnyOwner> implements AnyOwner {
  protected readonly object: Owner;
  readonly #drop: DropLease;

  constructor(object: Owner, drop: DropLease) {
    this.object = object;
    this.#drop = drop;
  }

  /**
   * Awaits the answer of a change. A failed change may have happened, or an earlier one with it, so the lease is
   * dropped then as well.
   */
  protected async changed<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } finally {
      this.#drop();
    }
  }

  // Reads, and calls that concern only the outbox, keep the lease.

  halt(id: string): Promise<HaltProgress | null> {
    return this.object.halt(id);
  }

  halts(query: HaltQuery): Promise<HaltProgress[]> {
    return this.object.halts(query);
  }

  awaitHalt(id: string, mostMs: number): Promise<HaltProgress | null> {
    return this.object.awaitHalt(id, mostMs);
  }

  record(drafts: readonly WrittenDraft[]): Promise<void> {
    return this.object.record(drafts);
  }

  carry(records: readonly AuditRecord[]): Promise<void> {
    return this.object.carry(records);
  }

  drainAudit(): Promise<void> {
    return this.object.drainAudit();
  }

  // These two settle what an earlier change left open, which may change the owner.

  isClean(): Promise<boolean> {
    return this.changed(this.object.isClean());
  }

  repeated(request: RequestKey | null): Promise<Configured | null> {
    return this.changed(this.object.repeated(request));
  }
}
