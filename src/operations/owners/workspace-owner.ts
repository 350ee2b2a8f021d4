/**
 * The interfaces of a workspace's owner object and of `org`. Commands and answers cross RPC, so they are plain data.
 */
import type { AuditDraft } from "../../contract/audit.ts";
import type { ProviderChange } from "../../identity/provider-writes.ts";
import type { AgentId, HaltId, Id, WorkspaceId } from "../../kernel/ids.ts";
import type { Result } from "../../kernel/result.ts";
import type { OrgAnswer, WorkspaceAnswer } from "../../lifecycle/lease.ts";
import type { EvidenceLevel } from "../../lifecycle/evidence.ts";
import type { Stops } from "../../lifecycle/stops.ts";
import type { OperatorTokenChange } from "../../operators/token-writes.ts";
import type { PolicyChange } from "../../policy/bundle-writes.ts";
import type { CatalogChange } from "../../registry/catalog-writes.ts";
import type { ToolOperationsChange } from "../../registry/tool-operations.ts";
import type { ResealedSecret, ToolSecretChange } from "../../registry/tool-secrets.ts";
import type { Claim, RequestKey } from "../../storage/idempotency.ts";
import type { TierChange } from "../../tiers/tier-writes.ts";
import type { SigningKey } from "../../tokens/signing-key.ts";
import type { AuditOwner } from "./audit-owner.ts";
import type { HaltSource } from "./halts.ts";
import type { Configured, OwnerRefusal } from "./owner-answer.ts";
import type { RequestMeta } from "../request/request-meta.ts";
import type {
  ResumeUserCommand,
  StopTransactionCommand,
  StopUserCommand,
  Stopped,
  StoppedUser,
  StoppedUserQuery,
} from "./stop-commands.ts";

/** A change of a workspace's configuration. */
export interface WorkspaceCommand {
  readonly change: Id<"chg">;
  readonly meta: RequestMeta;
  readonly content: WorkspaceContent;
  /**
   * The configuration epoch that the change is based on; when it has changed, the command is refused as `stale`. Null
   * for any.
   */
  readonly basedOn: number | null;
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
  | { readonly kind: "update"; readonly description: string | null }
  | { readonly kind: "catalog"; readonly entry: CatalogChange }
  | { readonly kind: "tool_secret"; readonly secret: ToolSecretChange }
  | { readonly kind: "tool_operations"; readonly name: string; readonly operations: ToolOperationsChange }
  | { readonly kind: "identity_provider"; readonly provider: ProviderChange }
  /** Of `org`: bundles of the organization and of tiers. Of a workspace: its own, and those of its agents. */
  | { readonly kind: "policy"; readonly policy: PolicyChange }
  /** Only for `org`. */
  | { readonly kind: "tier"; readonly tier: TierChange }
  /** Only for `org`. */
  | { readonly kind: "operator_token"; readonly token: OperatorTokenChange }
  /** Only for `org`. */
  | {
      readonly kind: "signing_keys";
      readonly inserted: readonly SigningKey[];
      readonly changed: readonly SigningKey[];
    }
  /** Only for `org`: values that are sealed under another version of the root key. */
  | {
      readonly kind: "resealed";
      readonly signingKeys: readonly SigningKey[];
      readonly toolSecrets: readonly ResealedSecret[];
    }
  /** Only for `org`: inserted only if there is no key of that use yet. */
  | { readonly kind: "first_signing_keys"; readonly keys: readonly SigningKey[] };

/** Halts or resumes a workspace. */
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

/**
 * A ledger's report of its free space. `at` is by the ledger's clock, so that an older report does not replace a newer
 * one.
 */
export interface EvidenceReport {
  readonly level: EvidenceLevel;
  readonly at: number;
}

/** The part of a workspace's object that stops users and transactions. The commands need neither D1 nor `org`. */
interface StopOwner {
  stopUser(command: StopUserCommand): Promise<Result<Stopped, OwnerRefusal>>;
  resumeUser(command: ResumeUserCommand): Promise<Result<Stopped, OwnerRefusal>>;
  stopTransaction(command: StopTransactionCommand): Promise<Result<Stopped, OwnerRefusal>>;
  /** The stopped users, ordered by id, one more than `limit` when there are more. */
  stoppedUsers(query: StoppedUserQuery): Promise<readonly StoppedUser[]>;
  /** The lists of stops, for when they are too long for a lease. */
  stops(): Promise<Stops>;
}

/** A change of a workspace, as the agents with open event streams are told of it. The numbers only rise. */
export type WorkspaceWord =
  | { readonly kind: "halt"; readonly haltEpoch: number; readonly halted: boolean }
  /** An entry of the catalog that the agent declares has changed. `catalog`: the configuration epoch of the change. */
  | { readonly kind: "surface"; readonly catalog: number };

/** What an agent's object knows of its workspace. */
export interface HeardOfWorkspace {
  readonly haltEpoch: number;
  /** A configuration epoch. */
  readonly catalog: number;
}

/** Registers the agents that are told of changes of the workspace: those with open event streams. */
interface Watched {
  /**
   * Registers an agent, which is told of everything newer than `heard`.
   * @returns false when too many agents are registered.
   */
  watch(agent: AgentId, heard: HeardOfWorkspace): Promise<boolean>;
  unwatch(agent: AgentId): Promise<void>;
}

/**
 * Idempotency keys of requests that belong to the workspace but are carried out by another object, such as a
 * registration.
 */
export interface KeyTaker {
  /**
   * @param by the id of what is created under the key.
   * @returns false when another request was made under the key.
   */
  takeKey(request: RequestKey, by: string): Promise<boolean>;
  /** Frees the key, because nothing was created. */
  freeKey(by: string): Promise<void>;
}

export interface WorkspaceOwner extends HaltSource, AuditOwner, StopOwner, KeyTaker, Watched {
  lease(): Promise<WorkspaceAnswer>;
  /**
   * The stored answer under this key; null when there is none. Asked first, because later reads may have changed with
   * time.
   */
  repeated(request: RequestKey | null): Promise<Configured | null>;
  /** Null when this object has no row. */
  describe(): Promise<WorkspaceDescription | null>;
  /** False while a configuration change of this workspace is not settled. */
  isClean(): Promise<boolean>;
  configure(command: WorkspaceCommand): Promise<Configured>;
  /** Stores the ledger's report of its free space. */
  noteEvidence(report: EvidenceReport): Promise<void>;
  /** Needs neither D1 nor `org`. */
  transition(command: WorkspaceTransitionCommand): Promise<Result<WorkspaceTransitioned, OwnerRefusal>>;
}

/** The object named `org` has the same class; its lease carries more. */
export type OrgOwner = Pick<WorkspaceOwner, "repeated" | "configure" | "drainAudit" | "noteEvidence"> & {
  lease(): Promise<OrgAnswer>;
};
