/**
 * A workspace's object, or `org`, as an isolate reaches it. Whatever may have changed it drops the isolate's lease of it,
 * so that whoever made a change sees it at once; a method that is added to the port does not compile until it is here.
 */
import type { AuditDraft, AuditRecord } from "../contract/audit.ts";
import type { Result } from "../kernel/result.ts";
import type { WorkspaceAnswer } from "../lifecycle/lease.ts";
import type { Stops } from "../lifecycle/stops.ts";
import type { HaltProgress } from "../operations/owners/halts.ts";
import type { Configured, OwnerRefusal } from "../operations/owners/owner-answer.ts";
import type {
  ResumeUserCommand,
  Stopped,
  StoppedUser,
  StopTransactionCommand,
  StopUserCommand,
} from "../operations/owners/stop-commands.ts";
import type {
  EvidenceReport,
  WorkspaceCommand,
  WorkspaceDescription,
  WorkspaceOwner,
  WorkspaceTransitionCommand,
  WorkspaceTransitioned,
} from "../operations/owners/workspace-owner.ts";
import type { RequestKey } from "../storage/idempotency.ts";
import { dropping, type DropLease } from "./drop-lease.ts";

export class WorkspaceOwnerClient implements WorkspaceOwner {
  readonly #object: WorkspaceOwner;
  readonly #drop: DropLease;

  constructor(object: WorkspaceOwner, drop: DropLease) {
    this.#object = object;
    this.#drop = drop;
  }

  // Readings, and what concerns the outbox alone: the lease stays.

  lease(): Promise<WorkspaceAnswer> {
    return this.#object.lease();
  }

  stops(): Promise<Stops> {
    return this.#object.stops();
  }

  stoppedAmong(users: readonly string[]): Promise<readonly StoppedUser[]> {
    return this.#object.stoppedAmong(users);
  }

  describe(): Promise<WorkspaceDescription | null> {
    return this.#object.describe();
  }

  halt(id: string): Promise<HaltProgress | null> {
    return this.#object.halt(id);
  }

  halts(limit: number): Promise<HaltProgress[]> {
    return this.#object.halts(limit);
  }

  awaitHalt(id: string, mostMs: number): Promise<HaltProgress | null> {
    return this.#object.awaitHalt(id, mostMs);
  }

  record(drafts: readonly AuditDraft[]): Promise<void> {
    return this.#object.record(drafts);
  }

  carry(records: readonly AuditRecord[]): Promise<void> {
    return this.#object.carry(records);
  }

  drainAudit(): Promise<void> {
    return this.#object.drainAudit();
  }

  // A key that is taken or freed changes nothing that a lease says.

  takeKey(request: RequestKey, by: string): Promise<boolean> {
    return this.#object.takeKey(request, by);
  }

  freeKey(by: string): Promise<void> {
    return this.#object.freeKey(by);
  }

  // The first two only settle what an earlier change has left, which is a change all the same.

  isClean(): Promise<boolean> {
    return dropping(this.#drop, this.#object.isClean());
  }

  repeated(request: RequestKey | null): Promise<Configured | null> {
    return dropping(this.#drop, this.#object.repeated(request));
  }

  configure(command: WorkspaceCommand): Promise<Configured> {
    return dropping(this.#drop, this.#object.configure(command));
  }

  noteEvidence(report: EvidenceReport): Promise<void> {
    return dropping(this.#drop, this.#object.noteEvidence(report));
  }

  transition(command: WorkspaceTransitionCommand): Promise<Result<WorkspaceTransitioned, OwnerRefusal>> {
    return dropping(this.#drop, this.#object.transition(command));
  }

  stopUser(command: StopUserCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return dropping(this.#drop, this.#object.stopUser(command));
  }

  resumeUser(command: ResumeUserCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return dropping(this.#drop, this.#object.resumeUser(command));
  }

  stopTransaction(command: StopTransactionCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return dropping(this.#drop, this.#object.stopTransaction(command));
  }
}
