/**
 * The owner objects as the use cases see them. An owner object is the only writer of what it owns; everything here
 * crosses RPC, so commands and answers are plain data.
 */
import type { AuditDraft, AuditRecord } from "../contract/audit.ts";
import type { AgentId, HaltId, Id, KeyId, TokenId, TxnId, WorkspaceId } from "../kernel/ids.ts";
import type { Result } from "../kernel/result.ts";
import type { AgentAnswer, OrgAnswer, WorkspaceAnswer } from "../lifecycle/lease.ts";
import type { Stops } from "../lifecycle/stops.ts";
import type { DrainConflict } from "../lifecycle/drain.ts";
import type { AgentState, LifecycleCommand } from "../lifecycle/states.ts";
import type { OperatorTokenChange } from "../operators/token-writes.ts";
import type { AgentSettings, NewAgent } from "../registry/agent-writes.ts";
import type { ProviderChange } from "../identity/provider-writes.ts";
import type { CatalogChange } from "../registry/catalog-writes.ts";
import type { BrokenRule } from "../storage/change.ts";
import type { Claim, RequestKey } from "../storage/idempotency.ts";
import type { SigningKey } from "../tokens/signing-key.ts";
import type { RequestMeta, OperatorRef } from "./request-meta.ts";
import type { ResumeUserCommand, Stopped, StopTransactionCommand, StopUserCommand } from "./stop-commands.ts";

export type { RequestMeta, OperatorRef };

/** A halt as its object keeps it. Times in milliseconds since the epoch. */
export interface StoredHalt {
  readonly id: HaltId;
  readonly kind: "suspend" | "revoke" | "key" | "workspace" | "user" | "transaction";
  readonly workspaceId: WorkspaceId;
  readonly agents: readonly { readonly agent: AgentId; readonly epoch: number }[];
  readonly keys: readonly KeyId[];
  /** Of a workspace: the halt epoch that began with this halt. */
  readonly haltEpoch?: number;
  /** Of a user's stop: `usr_…`. */
  readonly user?: string;
  /** Of a transaction's stop. */
  readonly txn?: TxnId;
  /** The stop of an ancestor that this one follows from. */
  readonly cause?: HaltCause;
  readonly operator: OperatorRef;
  readonly reason: string | null;
  readonly committedAt: number;
  readonly effectiveAt: number | null;
}

export interface HaltCause {
  readonly agent: AgentId;
  readonly halt: HaltId;
}

/** How far a stop of a whole family has come. Counts include the root. */
export interface CascadeProgress {
  readonly total: number;
  readonly committed: number;
  readonly effective: number;
  /** When all of it was effective, in milliseconds since the epoch. */
  readonly finishedAt: number | null;
  /** The descendants, as far as they are listed. */
  readonly agents: StoredHalt["agents"];
}

/** A halt with how long it still takes to be effective. With a cascade it is effective when the cascade has finished. */
export interface HaltProgress {
  readonly halt: StoredHalt;
  readonly effectiveInMs: number;
  readonly cascade?: CascadeProgress;
}

/** Told to each descendant of an agent that is stopped with its family. */
export interface FamilyStopCommand {
  readonly end: "suspended" | "revoked";
  readonly cause: HaltCause;
  readonly operator: OperatorRef;
  readonly reason: string | null;
  readonly requestId: string;
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
  readonly patch: Partial<AgentSettings>;
  /** Refused as `stale` when the agent has been activated meanwhile. */
  readonly beforeActivation: boolean;
  readonly answer: string;
  readonly audit: readonly AuditDraft[];
}

export interface IssueKeyCommand {
  readonly change: Id<"chg">;
  readonly meta: RequestMeta;
  readonly key: NewKey;
  readonly replaces: { readonly key: KeyId; readonly overlapMs: number; readonly halt: HaltId } | null;
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
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

export interface RevokeKeyCommand {
  readonly key: KeyId;
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

/** Every expected "no" of an owner object. */
export type OwnerRefusal =
  /** No row: registered never, or lost. */
  | { readonly kind: "absent" }
  /** An earlier configuration change is not settled; or this one's outcome is not known yet. */
  | { readonly kind: "unsettled" }
  /** The record has changed since it was read. */
  | { readonly kind: "stale" }
  | { readonly kind: "rule"; readonly rule: BrokenRule }
  | { readonly kind: "other_body" }
  | { readonly kind: "invalid_transition"; readonly from: AgentState; readonly command: LifecycleCommand }
  | { readonly kind: "expired" }
  /** The agent drains already, and this drain would loosen that one. Times in milliseconds since the epoch. */
  | { readonly kind: "drain_conflict"; readonly why: DrainConflict; readonly deadline: number }
  | { readonly kind: "revoked" }
  | { readonly kind: "key_limit"; readonly most: number }
  | { readonly kind: "key_absent" }
  | { readonly kind: "key_not_live" };

/** The outcome of a configuration change. `repeated` carries the answer that was stored the first time. */
export type Configured = Result<
  { readonly kind: "done" } | { readonly kind: "repeated"; readonly status: number; readonly body: string },
  OwnerRefusal
>;

/** A drain: when the agent is stopped, how, and the id that the halt will have. */
export interface OrderedDrain {
  readonly deadline: number;
  readonly end: "suspended" | "revoked";
  readonly halt: HaltId;
}

/** What a lifecycle command did. */
export interface Transitioned {
  readonly state: AgentState;
  readonly changed: boolean;
  readonly halt: HaltId | null;
  /** The drain that was begun. */
  readonly draining?: OrderedDrain | null;
}

export interface AgentDescription {
  readonly workspaceId: WorkspaceId;
  readonly state: AgentState;
  readonly draining: OrderedDrain | null;
  readonly stateChangedAt: number;
  readonly recordVersion: number;
  readonly epoch: number;
  readonly keys: readonly {
    readonly id: KeyId;
    readonly createdAt: number;
    readonly expiresAt: number | null;
    readonly revokedAt: number | null;
  }[];
}

export interface HaltSource {
  halt(id: string): Promise<HaltProgress | null>;
  halts(limit: number): Promise<HaltProgress[]>;
  /** Resolves when the halt is effective, or after `mostMs` milliseconds. */
  awaitHalt(id: string, mostMs: number): Promise<HaltProgress | null>;
}

/** Every owner object has an outbox that takes records of others, and one in D1 that it drains. */
export interface AuditOwner {
  /** Appends audit records to this object's outbox; durable when it resolves. */
  record(drafts: readonly AuditDraft[]): Promise<void>;
  /** Takes in hedged copies of records that another producer has numbered; durable when it resolves. */
  carry(records: readonly AuditRecord[]): Promise<void>;
  /** Begins to drain what of this owner is left in D1. */
  drainAudit(): Promise<void>;
}

export interface AgentOwner extends HaltSource, AuditOwner {
  lease(): Promise<AgentAnswer>;
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

/** A change of a workspace's configuration. */
export interface WorkspaceCommand {
  readonly change: Id<"chg">;
  readonly meta: RequestMeta;
  readonly content: WorkspaceContent;
  readonly answer: string;
  readonly audit: readonly AuditDraft[];
}

export type WorkspaceContent =
  | {
      readonly kind: "create";
      readonly id: WorkspaceId;
      readonly name: string;
      readonly description: string | null;
      readonly createdAt: number;
      readonly claim: Claim;
    }
  | {
      readonly kind: "update";
      readonly description: string | null;
      /** The configuration epoch that the caller has read; another one is refused as `stale`. Null: any. */
      readonly basedOn: number | null;
    }
  | { readonly kind: "catalog"; readonly entry: CatalogChange }
  | { readonly kind: "identity_provider"; readonly provider: ProviderChange }
  /** Only for `org`. */
  | { readonly kind: "operator_token"; readonly token: OperatorTokenChange }
  /** Only for `org`. Refused as `stale` when its epoch is not the one that the keys were read under. */
  | {
      readonly kind: "signing_keys";
      readonly basedOn: number;
      readonly inserted: readonly SigningKey[];
      readonly changed: readonly SigningKey[];
    }
  /** Only for `org`: inserted where there is no key of that use yet. */
  | { readonly kind: "first_signing_keys"; readonly keys: readonly SigningKey[] };

/** Halts a workspace, or lets it go on. */
export interface WorkspaceTransitionCommand {
  readonly command: "halt" | "resume";
  readonly meta: RequestMeta;
  readonly reason: string | null;
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

export interface WorkspaceTransitioned {
  readonly halted: boolean;
  readonly changed: boolean;
  readonly halt: HaltId | null;
}

export interface WorkspaceDescription {
  readonly halted: boolean;
  readonly configEpoch: number;
}

/** Part of a workspace's object. The commands need neither D1 nor `org`. */
export interface StopOwner {
  stopUser(command: StopUserCommand): Promise<Result<Stopped, OwnerRefusal>>;
  resumeUser(command: ResumeUserCommand): Promise<Result<Stopped, OwnerRefusal>>;
  stopTransaction(command: StopTransactionCommand): Promise<Result<Stopped, OwnerRefusal>>;
  /** The lists of stops, when they are too long for a lease. */
  stops(): Promise<Stops>;
}

export interface WorkspaceOwner extends HaltSource, AuditOwner, StopOwner {
  lease(): Promise<WorkspaceAnswer>;
  /** What was answered before under this key; null: nothing. Asked before anything that time may have changed. */
  repeated(request: RequestKey | null): Promise<Configured | null>;
  /** Null: this object has no row. */
  describe(): Promise<WorkspaceDescription | null>;
  /** False while a configuration change of this workspace is not settled. */
  isClean(): Promise<boolean>;
  configure(command: WorkspaceCommand): Promise<Configured>;
  /** Needs neither D1 nor `org`. */
  transition(command: WorkspaceTransitionCommand): Promise<Result<WorkspaceTransitioned, OwnerRefusal>>;
}

/** The object named `org` is of the same class; its lease says more than is asked of it. */
export type OrgOwner = Pick<WorkspaceOwner, "repeated" | "configure" | "drainAudit"> & {
  lease(): Promise<OrgAnswer>;
};

/** How the use cases reach owner objects. Ids come from a verified credential, from D1, or are new (design part 4). */
export interface Owners {
  agent(id: AgentId): AgentOwner;
  workspace(id: WorkspaceId): WorkspaceOwner;
  org(): OrgOwner;
}
