/** The interface for reading ledgers. */
import type { AuditEntry } from "../../contract/audit.ts";
import type { Result } from "../../kernel/result.ts";

/** E-mail addresses of the users in the records, by user id, where the ledger knows them. */
export type Emails = Readonly<Record<string, string>>;

export interface AuditPage {
  readonly items: readonly AuditEntry[];
  readonly next_cursor: string | null;
  readonly emails: Emails;
}

/** Intents without an outcome, oldest first. */
export interface OpenActPage {
  /** `closes_at`: when the ledger closes the act as `unknown`. */
  readonly items: readonly (AuditEntry & { readonly closes_at: string })[];
  readonly next_cursor: string | null;
}

/** What a stop has stopped. */
export type StopCause =
  | { readonly kind: "agents"; readonly agents: readonly string[] }
  | { readonly kind: "keys"; readonly keys: readonly string[] }
  | { readonly kind: "workspace" }
  | { readonly kind: "user"; readonly user: string }
  | { readonly kind: "transaction"; readonly txn: string };

/** Times in milliseconds since the epoch, both included, by the clocks of those who recorded. */
export interface CutQuery {
  readonly since: number;
  readonly until: number;
  readonly by: StopCause;
}

/** One batch for a live reader. */
export interface TailPage {
  readonly entries: readonly AuditEntry[];
  readonly last_seq: number;
  readonly emails: Emails;
}

/** An agent that acted for a user. Times are in milliseconds since the epoch, exact to a minute. */
export interface UserAgent {
  readonly agent: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** A user for whom agents acted, as known from the records of the ledger. */
export interface KnownUser {
  readonly id: string;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly email: string | null;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** At most 100, the most recent first. */
  readonly agents: readonly UserAgent[];
}

export interface UserQuery {
  /** The id after which to continue. */
  readonly after?: string | undefined;
  readonly email?: string | undefined;
  readonly id?: string | undefined;
  readonly limit: number;
}

export type AuditListRefusal =
  { readonly kind: "bad_query"; readonly member: string } | { readonly kind: "bad_cursor" };

/** The state of a ledger, for operators. */
export interface LedgerStatus {
  readonly ledger: string;
  readonly last_seq: number;
  readonly bytes: number;
  readonly capacity: number;
  readonly evidence: "ok" | "alarm" | "full";
  readonly producers: number;
  readonly gaps: readonly { readonly producer: string; readonly highest: number }[];
  readonly rejected: number;
  readonly dead_letters: number;
}

/** Filters whose values may name something that does not exist. */
export interface NamingFilters {
  readonly operator: string;
  readonly reason: string;
  readonly request_id: string;
  readonly tool: string;
  readonly txn: string;
  readonly user: string;
}
export type NamingFilter = keyof NamingFilters;

export interface DecisionRecords {
  readonly entries: readonly AuditEntry[];
  readonly emails: Emails;
}

/** A query about events that an agent reports, and about the records they refer to. */
export interface ReportedQuery {
  readonly agent: string;
  /** Ids of the records of these events. */
  readonly ids: readonly string[];
  /** Ids of decisions, transactions and requests. */
  readonly links: readonly string[];
}

export interface ReportedBefore {
  /** Digests of the events that the ledger has, by record id. */
  readonly events: Readonly<Record<string, string>>;
  /** The links that name something the agent took part in, according to Dome's own records. */
  readonly own: readonly string[];
}

export interface LedgerReader {
  /** @param query in the form of `auditQuery`. */
  list(
    ledger: string,
    query: Readonly<Record<string, unknown>>,
  ): Promise<Result<AuditPage, AuditListRefusal>>;
  /** How many outcomes say that an act was cut by this stop; null when there are too many records to count. */
  cutActs(ledger: string, query: CutQuery): Promise<number | null>;
  /** @param query in the form of `openActQuery`. */
  open(
    ledger: string,
    query: Readonly<Record<string, unknown>>,
  ): Promise<Result<OpenActPage & Pick<AuditPage, "emails">, AuditListRefusal>>;
  /**
   * Matching entries after `after`, oldest first; waits up to `waitMs` milliseconds for new ones.
   * @param after null: begin where `since` says, else at the current end of the ledger; answered at once, without
   * entries.
   */
  tail(
    ledger: string,
    query: Readonly<Record<string, unknown>>,
    after: number | null,
    waitMs: number,
  ): Promise<Result<TailPage, AuditListRefusal>>;
  /** Size, gaps, and the records that were set aside. */
  status(ledger: string): Promise<LedgerStatus>;
  /** Of one decision, oldest first: all records of Dome's own, and the first `MOST_EXPLAINED` that agents have reported. */
  find(ledger: string, decisionId: string): Promise<DecisionRecords>;
  /** Null when the ledger has no such record. */
  record(ledger: string, id: string): Promise<DecisionRecords | null>;
  /** What the ledger knows of reported events and of their links. */
  reportedBefore(ledger: string, query: ReportedQuery): Promise<ReportedBefore>;
  /** Those of these filters that no record of the ledger matches, each checked by itself. */
  unknown(ledger: string, filters: Partial<NamingFilters>): Promise<readonly NamingFilter[]>;
  /** Users ordered by id, one more than `limit` when there are more. */
  users(ledger: string, query: UserQuery): Promise<readonly KnownUser[]>;
}
