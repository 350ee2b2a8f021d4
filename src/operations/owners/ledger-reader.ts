/** The ledgers as readers see them. */
import type { AuditEntry } from "../../contract/audit.ts";
import type { Result } from "../../kernel/result.ts";

/** The addresses of the users that records name, by the users' ids, as far as the ledger knows them. */
export type Emails = Readonly<Record<string, string>>;

export interface AuditPage {
  readonly items: readonly AuditEntry[];
  readonly next_cursor: string | null;
  readonly emails: Emails;
}

/** What a live reader gets at a time. */
export interface TailPage {
  readonly entries: readonly AuditEntry[];
  readonly last_seq: number;
  readonly emails: Emails;
}

/** Times in milliseconds, within a minute. */
export interface UserAgent {
  readonly agent: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** A user that agents acted for, as the records of the ledger tell of it. */
export interface KnownUser {
  readonly id: string;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly email: string | null;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** At most 100, the last ones first. */
  readonly agents: readonly UserAgent[];
}

export interface UserQuery {
  /** The id behind which to go on. */
  readonly after?: string | undefined;
  readonly email?: string | undefined;
  readonly id?: string | undefined;
  readonly limit: number;
}

export type AuditListRefusal =
  { readonly kind: "bad_query"; readonly member: string } | { readonly kind: "bad_cursor" };

/** What an operator watches of a ledger. */
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

/** Filters whose values may name something that is not there. */
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

/** What an agent has reported, and what it says that belongs to. */
export interface ReportedQuery {
  readonly agent: string;
  /** Ids of the records that its events have or will have. */
  readonly ids: readonly string[];
  /** Ids of decisions, transactions and requests. */
  readonly links: readonly string[];
}

export interface ReportedBefore {
  /** Digests of the events that the ledger has, by the ids of their records. */
  readonly events: Readonly<Record<string, string>>;
  /** The links in which the agent took part, as Dome itself has recorded. */
  readonly own: readonly string[];
}

export interface LedgerReader {
  /** @param query as `auditQuery` takes it. */
  list(
    ledger: string,
    query: Readonly<Record<string, unknown>>,
  ): Promise<Result<AuditPage, AuditListRefusal>>;
  /**
   * Entries behind `after` that match, oldest first; waits up to `waitMs` milliseconds for new ones.
   * @param after null: where `since` begins, else the end of the ledger as it is now; answered at once, without entries.
   */
  tail(
    ledger: string,
    query: Readonly<Record<string, unknown>>,
    after: number | null,
    waitMs: number,
  ): Promise<Result<TailPage, AuditListRefusal>>;
  /** Size, gaps, and what was kept aside. */
  status(ledger: string): Promise<LedgerStatus>;
  /** Of one decision, oldest first: all records of Dome's own, and the first `MOST_EXPLAINED` that agents have reported. */
  find(ledger: string, decisionId: string): Promise<DecisionRecords>;
  /** Null: the ledger has no such record. */
  record(ledger: string, id: string): Promise<DecisionRecords | null>;
  /** What is known of events that an agent reports, and of their links. */
  reportedBefore(ledger: string, query: ReportedQuery): Promise<ReportedBefore>;
  /** Which of these filters no record of the ledger passes, each looked at alone. */
  unknown(ledger: string, filters: Partial<NamingFilters>): Promise<readonly NamingFilter[]>;
  /** Users by id, one more than `limit` when there are more. */
  users(ledger: string, query: UserQuery): Promise<readonly KnownUser[]>;
}
