/**
 * The interface of an agent's owner object for the use cases. Commands and answers cross RPC, so they are plain data.
 */
import type { AuditDraft } from "../../contract/audit.ts";
import type { HaltId, Id, KeyId, TokenId, WorkspaceId } from "../../kernel/ids.ts";
import type { Result } from "../../kernel/result.ts";
import type { AgentAnswer, AgentUse } from "../../lifecycle/lease.ts";
import type { AgentState, LifecycleCommand } from "../../lifecycle/states.ts";
import type { AgentSettings } from "../../registry/agent-settings.ts";
import type { ItemPatch, NewAgent, Stewardship } from "../../registry/agent-writes.ts";
import type { KnownDrain, KnownHold, KnownStop } from "../../registry/agents.ts";
import type { Claim, RequestKey } from "../../storage/idempotency.ts";
import type { AuditOwner } from "./audit-owner.ts";
import type { HaltCause, HaltSource } from "./halts.ts";
import type { Configured, OwnerRefusal } from "./owner-answer.ts";
import type { OperatorRef, RequestMeta } from "../request/request-meta.ts";
import type { WorkspaceWord } from "./workspace-owner.ts";

/** The command to each descendant of an agent that is stopped with its descendants. */
export interface FamilyStopCommand {
  readonly end: "suspended" | "revoked";
  readonly cause: HaltCause;
  readonly operator: OperatorRef;
  readonly reason: string | null;
  readonly requestId: string;
  /** True when the ancestor's stop is a hold. */
  readonly hold?: boolean;
}

export interface FamilyStop {
  readonly state: AgentState | "absent";
  readonly epoch: number;
  /** True when this command stopped the agent. */
  readonly stopped: boolean;
  /** True when all of its stops are effective. */
  readonly effective: boolean;
}

/** A new key, from registration or rotation. The secret is not included (P4). */
export interface NewKey {
  readonly id: KeyId;
  readonly digest: string;
  readonly rootKeyVersion: string;
  readonly last4: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

export interface RegisterCommand {
  readonly change: Id<"chg">;
  readonly claim: Claim;
  readonly agent: NewAgent;
  readonly key: NewKey;
  /** The answer to repeat under the claim's Idempotency-Key, without the secret. */
  readonly answer: string;
  readonly audit: readonly AuditDraft[];
}

export interface UpdateCommand {
  readonly change: Id<"chg">;
  readonly meta: RequestMeta;
  /** The record version that the change is based on; when it has changed, the command is refused as `stale`. */
  readonly basedOn: number;
  readonly patch: Partial<AgentSettings & Stewardship & ItemPatch>;
  /** Refused as `stale` when the agent has been activated meanwhile. */
  readonly beforeActivation: boolean;
  readonly answer: string;
  readonly audit: readonly AuditDraft[];
}

export interface IssueKeyCommand {
  readonly change: Id<"chg">;
  readonly meta: RequestMeta;
  readonly key: NewKey;
  /** The record version that the change is based on; when it has changed, the command is refused as `stale`. */
  readonly basedOn: number;
  /** The key that this one replaces. `endsAt`: milliseconds since the epoch; null when it ends now, by that halt. */
  readonly replaces: { readonly key: KeyId; readonly endsAt: number | null; readonly halt: HaltId } | null;
  readonly answer: string;
  readonly audit: readonly AuditDraft[];
}

export interface TransitionCommand {
  readonly command: LifecycleCommand;
  readonly meta: RequestMeta;
  readonly reason: string | null;
  /** For a stop: the time for which the agent drains first, in milliseconds; 0 for no drain. */
  readonly drainMs: number;
  /** For a stop: whether it stops the agent's descendants too. */
  readonly cascade: boolean;
  /** For a stop: whether the suspension is a hold. */
  readonly hold: boolean;
  /** For a start: whether the operator's role may lift a hold. */
  readonly mayLift: boolean;
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

export interface RevokeKeyCommand {
  readonly key: KeyId;
  /** Absent when the caller is of the previous version of Dome. */
  readonly reason?: string | null;
  readonly meta: RequestMeta;
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

/** Ends one call token, and everything that was exchanged from it. */
export interface RevokeTokenCommand {
  readonly jti: TokenId;
  /** Milliseconds since the epoch: tokens exchanged from it expire no later (P6). */
  readonly expiresAt: number;
  readonly audit: AuditDraft;
}

/** Events that the agent reports about itself. */
export interface ReportCommand {
  /** The agent's credential: its key, or, with `epoch`, a token of that key. */
  readonly by: { readonly key: KeyId; readonly epoch: number | null };
  readonly events: readonly { readonly draft: AuditDraft; readonly digest: string }[];
}

/** The outcome of each event, in order. `late`: the agent is suspended. */
export interface Reported {
  readonly outcomes: readonly ("recorded" | "merged" | "conflict")[];
  readonly late: boolean;
}

/** The result of a lifecycle command. */
export interface Transitioned {
  readonly state: AgentState;
  readonly changed: boolean;
  readonly halt: HaltId | null;
  /** The drain that has begun. */
  readonly draining?: KnownDrain | null;
  /** True when the agent is suspended with a hold. */
  readonly held?: boolean;
}

export interface AgentDescription {
  readonly workspaceId: WorkspaceId;
  readonly state: AgentState;
  readonly draining: KnownDrain | null;
  readonly hold?: KnownHold | null;
  /** Absent when the object is of the previous version of Dome. */
  readonly stop?: KnownStop | null;
  readonly stateChangedAt: number;
  readonly recordVersion: number;
  readonly epoch: number;
  /**
   * The time of the agent's last activity, up to an hour old. Absent when the object is of the previous version of
   * Dome.
   */
  readonly lastActiveAt?: number | null;
  readonly keys: readonly {
    readonly id: KeyId;
    readonly createdAt: number;
    readonly expiresAt: number | null;
    readonly revokedAt: number | null;
    readonly lastUsedAt?: number | null;
  }[];
}

export interface AgentOwner extends HaltSource, AuditOwner {
  /** Stores events of the agent; durable when it resolves. `closed`: the agent may not report now. */
  report(command: ReportCommand): Promise<Result<Reported, { readonly kind: "closed" }>>;
  /** @param use the agent's activity that the caller has seen since its last request. */
  lease(use?: AgentUse): Promise<AgentAnswer>;
  /** Null when this object has no row. */
  describe(): Promise<AgentDescription | null>;
  /** False while a configuration change of this agent is not settled. */
  isClean(): Promise<boolean>;
  /** The stored answer of a change of configuration under this key; null when there is none. */
  repeated(request: RequestKey | null): Promise<Configured | null>;
  register(command: RegisterCommand): Promise<Configured>;
  update(command: UpdateCommand): Promise<Configured>;
  issueKey(command: IssueKeyCommand): Promise<Configured>;
  transition(command: TransitionCommand): Promise<Result<Transitioned, OwnerRefusal>>;
  /**
   * Tells the agent what has changed of its workspace. Safe to repeat.
   * @returns whether the agent has streams open afterwards.
   */
  hear(word: WorkspaceWord): Promise<{ readonly listens: boolean }>;
  /** Stops the agent because an ancestor is stopped with its descendants. Safe to repeat. */
  stopForFamily(command: FamilyStopCommand): Promise<FamilyStop>;
  revokeKey(
    command: RevokeKeyCommand,
  ): Promise<Result<{ changed: boolean; halt: HaltId | null }, OwnerRefusal>>;
  /** `changed` is false when the token was revoked before. */
  revokeToken(command: RevokeTokenCommand): Promise<Result<{ changed: boolean }, OwnerRefusal>>;
}
