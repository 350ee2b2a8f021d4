/**
 * The client of an agent's object in an isolate. Every call that may have changed the agent drops the isolate's lease
 * of it, so that the caller sees its own change at once. A method that is added to the port does not compile until it
 * is here.
 */
import type { Result } from "../kernel/result.ts";
import type { AgentAnswer, AgentUse } from "../lifecycle/lease.ts";
import type {
  AgentDescription,
  AgentOwner,
  FamilyStop,
  FamilyStopCommand,
  IssueKeyCommand,
  RegisterCommand,
  ReportCommand,
  Reported,
  RevokeKeyCommand,
  RevokeTokenCommand,
  TransitionCommand,
  Transitioned,
  UpdateCommand,
} from "../operations/owners/agent-owner.ts";
import type { WorkspaceWord } from "../operations/owners/workspace-owner.ts";
import type { Configured, OwnerRefusal } from "../operations/owners/owner-answer.ts";
import { OwnerClient } from "./owner-client.ts";

export class AgentOwnerClient extends OwnerClient<AgentOwner> implements AgentOwner {
  // Reads keep the lease.

  lease(use?: AgentUse): Promise<AgentAnswer> {
    return this.object.lease(use);
  }

  describe(): Promise<AgentDescription | null> {
    return this.object.describe();
  }

  report(command: ReportCommand): Promise<Result<Reported, { readonly kind: "closed" }>> {
    return this.object.report(command);
  }

  hear(word: WorkspaceWord): Promise<{ readonly listens: boolean }> {
    return this.object.hear(word);
  }

  register(command: RegisterCommand): Promise<Configured> {
    return this.changed(this.object.register(command));
  }

  update(command: UpdateCommand): Promise<Configured> {
    return this.changed(this.object.update(command));
  }

  issueKey(command: IssueKeyCommand): Promise<Configured> {
    return this.changed(this.object.issueKey(command));
  }

  transition(command: TransitionCommand): Promise<Result<Transitioned, OwnerRefusal>> {
    return this.changed(this.object.transition(command));
  }

  stopForFamily(command: FamilyStopCommand): Promise<FamilyStop> {
    return this.changed(this.object.stopForFamily(command));
  }

  revokeKey(command: RevokeKeyCommand): ReturnType<AgentOwner["revokeKey"]> {
    return this.changed(this.object.revokeKey(command));
  }

  revokeToken(command: RevokeTokenCommand): ReturnType<AgentOwner["revokeToken"]> {
    return this.changed(this.object.revokeToken(command));
  }
}
