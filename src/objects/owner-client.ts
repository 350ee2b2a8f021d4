/**
 * An owner's object as an isolate reaches it: what every owner has. Whatever may have changed the owner drops the isolate's
 * lease of it, so that whoever made a change sees it at once.
 */
import type { AuditDraft, AuditRecord } from "../contract/audit.ts";
import type { AuditOwner } from "../operations/owners/audit-owner.ts";
import type { HaltProgress, HaltSource } from "../operations/owners/halts.ts";
import type { Configured } from "../operations/owners/owner-answer.ts";
import type { RequestKey } from "../storage/idempotency.ts";

/** How a client of an owner object forgets what its isolate believes of the owner. */
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

  /** The answer of a change. A change that failed may have happened, or an earlier one with it: the lease goes as well. */
  protected async changed<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } finally {
      this.#drop();
    }
  }

  // Readings, and what concerns the outbox alone: the lease stays.

  halt(id: string): Promise<HaltProgress | null> {
    return this.object.halt(id);
  }

  halts(limit: number): Promise<HaltProgress[]> {
    return this.object.halts(limit);
  }

  awaitHalt(id: string, mostMs: number): Promise<HaltProgress | null> {
    return this.object.awaitHalt(id, mostMs);
  }

  record(drafts: readonly AuditDraft[]): Promise<void> {
    return this.object.record(drafts);
  }

  carry(records: readonly AuditRecord[]): Promise<void> {
    return this.object.carry(records);
  }

  drainAudit(): Promise<void> {
    return this.object.drainAudit();
  }

  // These two only settle what an earlier change has left, which is a change all the same.

  isClean(): Promise<boolean> {
    return this.changed(this.object.isClean());
  }

  repeated(request: RequestKey | null): Promise<Configured | null> {
    return this.changed(this.object.repeated(request));
  }
}
