/** Commands to a workspace's object that stop users and transactions. Plain data, as all of `owners.ts`. */
import type { AuditDraft } from "../../contract/audit.ts";
import type { HaltId, TxnId } from "../../kernel/ids.ts";
import type { RequestMeta } from "../request/request-meta.ts";

/** Stops everything that agents of a workspace do for a user. `user`: `usr_…`. */
export interface StopUserCommand {
  readonly user: string;
  readonly meta: RequestMeta;
  readonly reason: string | null;
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

/** Lets agents act for the user again, with new tokens. */
export type ResumeUserCommand = Pick<StopUserCommand, "user" | "meta" | "audit">;

/** Stops one transaction permanently. */
export interface StopTransactionCommand {
  readonly txn: TxnId;
  readonly meta: RequestMeta;
  readonly reason: string | null;
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

/** The result of stopping a user or a transaction, or of resuming a user. */
export interface Stopped {
  readonly stopped: boolean;
  readonly changed: boolean;
  readonly halt: HaltId | null;
}

/** A query about the stopped users of a workspace, ordered by id. */
export interface StoppedUserQuery {
  /** The id after which to continue. */
  readonly after?: string | undefined;
  readonly id?: string | undefined;
  readonly limit: number;
}

/** A stopped user of a workspace. `stoppedAt`: milliseconds since the epoch. */
export interface StoppedUser {
  readonly user: string;
  readonly halt: string;
  readonly stoppedAt: number;
}
