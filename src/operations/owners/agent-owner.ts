/** An agent's owner object as the use cases see it. Everything here crosses RPC, so commands and answers are plain data. */
import type { AuditDraft } from "../../contract/audit.ts";
import type { HaltId, Id, KeyId, TokenId, WorkspaceId } from "../../kernel/ids.ts";
import type { Result } from "../../kernel/result.ts";
import type { AgentAnswer, AgentUse } from "../../lifecycle/lease.ts";
import type { AgentState, LifecycleCommand } from "../../lifecycle/states.ts";
import type { AgentSettings } from "../../registry/agent-settings.ts";
import type { NewAgent, Stewardship } from "../../registry/agent-writes.ts";
import type { KnownDrain, KnownHold, KnownStop } from "../../registry/agents.ts";
import type { Claim, RequestKey } from "../../storage/idempotency.ts";
import type { AuditOwner } from "./audit-owner.ts";
import type { HaltCause, HaltSource } from "./halts.ts";
import type { Configured, OwnerRefusal } from "./owner-answer.ts";
import type { OperatorRef, RequestMeta } from "../request/request-meta.ts";

/** Told to each descendant of an agent that is stopped with its family. */
export interface FamilyStopCommand {
  readonly end: "suspended" | "revoked";
  readonly cause: HaltCause;
  readonly operator: OperatorRef;
  readonly reason: string | null;
  readonly requestId: string;
  /** True: the ancestor's stop is a hold. */
  readonly hold?: boolean;
}

export interface FamilyStop {
  readonly state: AgentState | "absent";
  readonly epoch: number;
  /** True when it was this very command that has stopped it. */
  readonly stopped: boolean;
  /** True when none of its stops is waiting any more. */
  readonly effective: boolean;
}

/** A key as registration or rotation makes it. The secret is not here (P4). */
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
  /** The answer to repeat under the claim's key, without the secret. */
  readonly answer: string;
  readonly audit: readonly AuditDraft[];
}

export interface UpdateCommand {
  readonly change: Id<"chg">;
  readonly meta: RequestMeta;
  /** The record version that the caller has read; another one is refused as `stale`. */
  readonly basedOn: number;
  readonly patch: Partial<AgentSettings & Stewardship>;
  /** Refused as `stale` when the agent has been activated meanwhile. */
  readonly beforeActivation: boolean;
  readonly answer: string;
  readonly audit: readonly AuditDraft[];
}

export interface IssueKeyCommand {
  readonly change: Id<"chg">;
  readonly meta: RequestMeta;
  readonly key: NewKey;
  /** The record version that the caller has read; another one is refused as `stale`. */
  readonly basedOn: number;
  /** `endsAt`: milliseconds since the epoch; null: now, by that halt. */
  readonly replaces: { readonly key: KeyId; readonly endsAt: number | null; readonly halt: HaltId } | null;
  readonly answer: string;
  readonly audit: readonly AuditDraft[];
}

export interface TransitionCommand {
  readonly command: LifecycleCommand;
  readonly meta: RequestMeta;
  readonly reason: string | null;
  /** Of a stop: how long the agent drains first, in milliseconds; 0: not at all. */
  readonly drainMs: number;
  /** Of a stop: whether it takes the agent's descendants with it. */
  readonly cascade: boolean;
  /** Of a stop: whether the suspension holds. */
  readonly hold: boolean;
  /** Of a start: whether the operator's role lifts a hold. */
  readonly mayLift: boolean;
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

export interface RevokeKeyCommand {
  readonly key: KeyId;
  /** Absent: a caller of the version before gave none. */
  readonly reason?: string | null;
  readonly meta: RequestMeta;
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

/** Ends one call token, and with it everything that was exchanged from it. */
export interface RevokeTokenCommand {
  readonly jti: TokenId;
  /** Milliseconds since the epoch: what was exchanged from it expires no later (P6). */
  readonly expiresAt: number;
  readonly audit: AuditDraft;
}

/** Events that the agent reports of itself. */
export interface ReportCommand {
  /** What it came with: its key, or with `epoch` a token of that. */
  readonly by: { readonly key: KeyId; readonly epoch: number | null };
  readonly events: readonly { readonly draft: AuditDraft; readonly digest: string }[];
}

/** What became of each, in order. `late`: the agent is suspended. */
export interface Reported {
  readonly outcomes: readonly ("recorded" | "merged" | "conflict")[];
  readonly late: boolean;
}

/** What a lifecycle command did. */
export interface Transitioned {
  readonly state: AgentState;
  readonly changed: boolean;
  readonly halt: HaltId | null;
  /** The drain that was begun. */
  readonly draining?: KnownDrain | null;
  /** True: the agent is suspended, and held. */
  readonly held?: boolean;
}

export interface AgentDescription {
  readonly workspaceId: WorkspaceId;
  readonly state: AgentState;
  readonly draining: KnownDrain | null;
  readonly hold?: KnownHold | null;
  /** Absent: an object of the version before does not know. */
  readonly stop?: KnownStop | null;
  readonly stateChangedAt: number;
  readonly recordVersion: number;
  readonly epoch: number;
  /** When it acted last, up to an hour behind. Absent: an object of the version before does not know. */
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
  /** Takes events of the agent in; durable when it resolves. `closed`: it may not report now. */
  report(command: ReportCommand): Promise<Result<Reported, { readonly kind: "closed" }>>;
  /** @param use what the asker has seen of the agent since it asked last. */
  lease(use?: AgentUse): Promise<AgentAnswer>;
  /** Null: this object has no row. */
  describe(): Promise<AgentDescription | null>;
  /** False while a configuration change of this agent is not settled. */
  isClean(): Promise<boolean>;
  /** What was answered before under this key, by a change of configuration; null: nothing. */
  repeated(request: RequestKey | null): Promise<Configured | null>;
  register(command: RegisterCommand): Promise<Configured>;
  update(command: UpdateCommand): Promise<Configured>;
  issueKey(command: IssueKeyCommand): Promise<Configured>;
  transition(command: TransitionCommand): Promise<Result<Transitioned, OwnerRefusal>>;
  /** An ancestor is stopped with its family. Safe to repeat. */
  stopForFamily(command: FamilyStopCommand): Promise<FamilyStop>;
  revokeKey(
    command: RevokeKeyCommand,
  ): Promise<Result<{ changed: boolean; halt: HaltId | null }, OwnerRefusal>>;
  /** `changed: false`: it was revoked before. */
  revokeToken(command: RevokeTokenCommand): Promise<Result<{ changed: boolean }, OwnerRefusal>>;
}
