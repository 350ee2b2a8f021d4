/**
 * An agent's object as an isolate reaches it. Whatever may have changed the agent drops the isolate's lease of it, so
 * that whoever made a change sees it at once; a method that is added to the port does not compile until it is here.
 */
import type { AuditDraft, AuditRecord } from "../contract/audit.ts";
import type { Result } from "../kernel/result.ts";
import type { AgentAnswer, AgentUse } from "../lifecycle/lease.ts";
import type {
  AgentDescription,
  AgentOwner,
  FamilyStop,
  FamilyStopCommand,
  IssueKeyCommand,
  RegisterCommand,
  RevokeKeyCommand,
  RevokeTokenCommand,
  TransitionCommand,
  Transitioned,
  UpdateCommand,
} from "../operations/owners/agent-owner.ts";
import type { HaltProgress } from "../operations/owners/halts.ts";
import type { Configured, OwnerRefusal } from "../operations/owners/owner-answer.ts";
import type { RequestKey } from "../storage/idempotency.ts";
import { dropping, type DropLease } from "./drop-lease.ts";

export class AgentOwnerClient implements AgentOwner {
  readonly #object: AgentOwner;
  readonly #drop: DropLease;

  constructor(object: AgentOwner, drop: DropLease) {
    this.#object = object;
    this.#drop = drop;
  }

  // Readings, and what concerns the outbox alone: the lease stays.

  lease(use?: AgentUse): Promise<AgentAnswer> {
    return this.#object.lease(use);
  }

  describe(): Promise<AgentDescription | null> {
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

  // The first two only settle what an earlier change has left, which is a change all the same.

  isClean(): Promise<boolean> {
    return dropping(this.#drop, this.#object.isClean());
  }

  repeated(request: RequestKey | null): Promise<Configured | null> {
    return dropping(this.#drop, this.#object.repeated(request));
  }

  register(command: RegisterCommand): Promise<Configured> {
    return dropping(this.#drop, this.#object.register(command));
  }

  update(command: UpdateCommand): Promise<Configured> {
    return dropping(this.#drop, this.#object.update(command));
  }

  issueKey(command: IssueKeyCommand): Promise<Configured> {
    return dropping(this.#drop, this.#object.issueKey(command));
  }

  transition(command: TransitionCommand): Promise<Result<Transitioned, OwnerRefusal>> {
    return dropping(this.#drop, this.#object.transition(command));
  }

  stopForFamily(command: FamilyStopCommand): Promise<FamilyStop> {
    return dropping(this.#drop, this.#object.stopForFamily(command));
  }

  revokeKey(command: RevokeKeyCommand): ReturnType<AgentOwner["revokeKey"]> {
    return dropping(this.#drop, this.#object.revokeKey(command));
  }

  revokeToken(command: RevokeTokenCommand): ReturnType<AgentOwner["revokeToken"]> {
    return dropping(this.#drop, this.#object.revokeToken(command));
  }
}
