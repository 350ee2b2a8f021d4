/** The ledgers as readers see them. */
import type { AuditEntry } from "../../contract/audit.ts";
import type { Result } from "../../kernel/result.ts";

export interface AuditPage {
  readonly items: readonly AuditEntry[];
  readonly next_cursor: string | null;
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

export interface LedgerReader {
  /** @param query as `auditQuery` takes it. */
  list(
    ledger: string,
    query: Readonly<Record<string, unknown>>,
  ): Promise<Result<AuditPage, AuditListRefusal>>;
  /**
   * Entries behind `after` that match, oldest first; waits up to `waitMs` milliseconds for new ones.
   * @param after null: the end of the ledger as it is now.
   */
  tail(
    ledger: string,
    query: Readonly<Record<string, unknown>>,
    after: number | null,
    waitMs: number,
  ): Promise<
    Result<{ readonly entries: readonly AuditEntry[]; readonly last_seq: number }, AuditListRefusal>
  >;
  /** Size, gaps, and what was kept aside. */
  status(ledger: string): Promise<LedgerStatus>;
  /** All records of one decision, oldest first. */
  find(ledger: string, decisionId: string): Promise<readonly AuditEntry[]>;
}
