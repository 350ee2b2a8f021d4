/** Stopping users and transactions, as a workspace's object is told. Plain data, as all of `owners.ts`. */
import type { AuditDraft } from "../../contract/audit.ts";
import type { HaltId, TxnId } from "../../kernel/ids.ts";
import type { RequestMeta } from "../request/request-meta.ts";

/** Stops everything that is done for a user in a workspace. `user`: `usr_…`. */
export interface StopUserCommand {
  readonly user: string;
  readonly meta: RequestMeta;
  readonly reason: string | null;
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

/** Lets it go on, with new tokens. */
export type ResumeUserCommand = Pick<StopUserCommand, "user" | "meta" | "audit">;

/** Stops one transaction, for good. */
export interface StopTransactionCommand {
  readonly txn: TxnId;
  readonly meta: RequestMeta;
  readonly reason: string | null;
  readonly halt: HaltId;
  readonly audit: AuditDraft;
}

/** What the stop of a user or a transaction, or the resume of a user, did. */
export interface Stopped {
  readonly stopped: boolean;
  readonly changed: boolean;
  readonly halt: HaltId | null;
}

/** Which of the stopped users of a workspace, by id. */
export interface StoppedUserQuery {
  /** The id behind which to go on. */
  readonly after?: string | undefined;
  readonly id?: string | undefined;
  readonly limit: number;
}

/** A user that is stopped in a workspace. `stoppedAt`: milliseconds since the epoch. */
export interface StoppedUser {
  readonly user: string;
  readonly halt: string;
  readonly stoppedAt: number;
}
