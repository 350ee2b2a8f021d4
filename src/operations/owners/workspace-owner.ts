/** A workspace's owner object, and `org`, as the use cases see them. Commands and answers are plain data: they cross RPC. */
import type { AuditDraft } from "../../contract/audit.ts";
import type { ProviderChange } from "../../identity/provider-writes.ts";
import type { HaltId, Id, WorkspaceId } from "../../kernel/ids.ts";
import type { Result } from "../../kernel/result.ts";
import type { OrgAnswer, WorkspaceAnswer } from "../../lifecycle/lease.ts";
import type { EvidenceLevel } from "../../lifecycle/evidence.ts";
import type { Stops } from "../../lifecycle/stops.ts";
import type { OperatorTokenChange } from "../../operators/token-writes.ts";
import type { CatalogChange } from "../../registry/catalog-writes.ts";
import type { Claim, RequestKey } from "../../storage/idempotency.ts";
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
  /** The configuration epoch that the caller has read; another one is refused as `stale`. Null: any. */
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
  | { readonly kind: "identity_provider"; readonly provider: ProviderChange }
  /** Only for `org`. */
  | { readonly kind: "operator_token"; readonly token: OperatorTokenChange }
  /** Only for `org`. */
  | {
      readonly kind: "signing_keys";
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

/** What a ledger says of its room. `at`: by the ledger's clock, so that an older report does not replace a newer one. */
export interface EvidenceReport {
  readonly level: EvidenceLevel;
  readonly at: number;
}

/** Part of a workspace's object. The commands need neither D1 nor `org`. */
interface StopOwner {
  stopUser(command: StopUserCommand): Promise<Result<Stopped, OwnerRefusal>>;
  resumeUser(command: ResumeUserCommand): Promise<Result<Stopped, OwnerRefusal>>;
  stopTransaction(command: StopTransactionCommand): Promise<Result<Stopped, OwnerRefusal>>;
  /** The users that are stopped, by id, one more than `limit` when there are more. */
  stoppedUsers(query: StoppedUserQuery): Promise<readonly StoppedUser[]>;
  /** The lists of stops, when they are too long for a lease. */
  stops(): Promise<Stops>;
}

/** Keys of requests that another object carries out, and that belong to the workspace: a registration is one. */
export interface KeyTaker {
  /** @param by what is made with it. @returns false: another request was made under the key. */
  takeKey(request: RequestKey, by: string): Promise<boolean>;
  /** It was not made. */
  freeKey(by: string): Promise<void>;
}

export interface WorkspaceOwner extends HaltSource, AuditOwner, StopOwner, KeyTaker {
  lease(): Promise<WorkspaceAnswer>;
  /** What was answered before under this key; null: nothing. Asked before anything that time may have changed. */
  repeated(request: RequestKey | null): Promise<Configured | null>;
  /** Null: this object has no row. */
  describe(): Promise<WorkspaceDescription | null>;
  /** False while a configuration change of this workspace is not settled. */
  isClean(): Promise<boolean>;
  configure(command: WorkspaceCommand): Promise<Configured>;
  /** The workspace's ledger says how much room it has. */
  noteEvidence(report: EvidenceReport): Promise<void>;
  /** Needs neither D1 nor `org`. */
  transition(command: WorkspaceTransitionCommand): Promise<Result<WorkspaceTransitioned, OwnerRefusal>>;
}

/** The object named `org` is of the same class; its lease says more than is asked of it. */
export type OrgOwner = Pick<WorkspaceOwner, "repeated" | "configure" | "drainAudit" | "noteEvidence"> & {
  lease(): Promise<OrgAnswer>;
};
