/** The ledgers as readers see them. */
import type { AuditEntry } from "../contract/audit.ts";
import type { Result } from "../kernel/result.ts";

export interface AuditPage {
  readonly items: readonly AuditEntry[];
  readonly next_cursor: string | null;
}

export type AuditListRefusal =
  { readonly kind: "bad_query"; readonly member: string } | { readonly kind: "bad_cursor" };

export interface LedgerReader {
  /** @param query as `auditQuerySchema` takes it. */
  list(
    ledger: string,
    query: Readonly<Record<string, unknown>>,
  ): Promise<Result<AuditPage, AuditListRefusal>>;
  /** All records of one decision, oldest first. */
  find(ledger: string, decisionId: string): Promise<readonly AuditEntry[]>;
}
