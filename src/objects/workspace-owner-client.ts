/**
 * The client of a workspace's object, or of `org`, in an isolate. Every call that may have changed it drops the
 * isolate's lease of it, so that the caller sees its own change at once. A method that is added to the port does not
 * compile until it is here.
 */
import type { AgentId } from "../kernel/ids.ts";
import type { Result } from "../kernel/result.ts";
import type { WorkspaceAnswer } from "../lifecycle/lease.ts";
import type { Stops } from "../lifecycle/stops.ts";
import type { Configured, OwnerRefusal } from "../operations/owners/owner-answer.ts";
import type {
  ResumeUserCommand,
  Stopped,
  StoppedUser,
  StoppedUserQuery,
  StopTransactionCommand,
  StopUserCommand,
} from "../operations/owners/stop-commands.ts";
import type {
  EvidenceReport,
  HeardOfWorkspace,
  WorkspaceCommand,
  WorkspaceDescription,
  WorkspaceOwner,
  WorkspaceTransitionCommand,
  WorkspaceTransitioned,
} from "../operations/owners/workspace-owner.ts";
import type { RequestKey } from "../storage/idempotency.ts";
import { OwnerClient } from "./owner-client.ts";

export class WorkspaceOwnerClient extends OwnerClient<WorkspaceOwner> implements WorkspaceOwner {
  // Reads keep the lease.

  lease(): Promise<WorkspaceAnswer> {
    return this.object.lease();
  }

  stops(): Promise<Stops> {
    return this.object.stops();
  }

  stoppedUsers(query: StoppedUserQuery): Promise<readonly StoppedUser[]> {
    return this.object.stoppedUsers(query);
  }

  describe(): Promise<WorkspaceDescription | null> {
    return this.object.describe();
  }

  // Taking or freeing a key changes nothing in a lease.

  takeKey(request: RequestKey, by: string): Promise<boolean> {
    return this.object.takeKey(request, by);
  }

  freeKey(by: string): Promise<void> {
    return this.object.freeKey(by);
  }

  // A lease does not contain the registered agents.

  watch(agent: AgentId, heard: HeardOfWorkspace): Promise<boolean> {
    return this.object.watch(agent, heard);
  }

  unwatch(agent: AgentId): Promise<void> {
    return this.object.unwatch(agent);
  }

  configure(command: WorkspaceCommand): Promise<Configured> {
    return this.changed(this.object.configure(command));
  }

  noteEvidence(report: EvidenceReport): Promise<void> {
    return this.changed(this.object.noteEvidence(report));
  }

  transition(command: WorkspaceTransitionCommand): Promise<Result<WorkspaceTransitioned, OwnerRefusal>> {
    return this.changed(this.object.transition(command));
  }

  stopUser(command: StopUserCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return this.changed(this.object.stopUser(command));
  }

  resumeUser(command: ResumeUserCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return this.changed(this.object.resumeUser(command));
  }

  stopTransaction(command: StopTransactionCommand): Promise<Result<Stopped, OwnerRefusal>> {
    return this.changed(this.object.stopTransaction(command));
  }
}
