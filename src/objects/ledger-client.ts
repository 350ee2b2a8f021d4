/** The client of the ledgers: delivers records, and reads for readers. */
import type { AppendReport, LedgerPort } from "../audit/carrier.ts";
import type { DeadLetterPort } from "../audit/consumer.ts";
import type { LedgerName } from "../contract/audit.ts";
import type {
  AuditPage,
  AuditListRefusal,
  CutQuery,
  DecisionRecords,
  KnownUser,
  LedgerReader,
  LedgerStatus,
  NamingFilter,
  NamingFilters,
  OpenActPage,
  ReportedBefore,
  ReportedQuery,
  TailPage,
  UserQuery,
} from "../operations/owners/ledger-reader.ts";
import type { DeadLetterStore, KeptLetter } from "../operations/replay-dead-letters.ts";
import type { Result } from "../kernel/result.ts";
import type { EvidenceReport } from "../operations/owners/workspace-owner.ts";
import type { LedgerRoom } from "./deps.ts";
import type { LedgerShell } from "./ledger-object.ts";
import { objectOf } from "./owner-clients.ts";

type Query = Readonly<Record<string, unknown>>;

/** Every method is `async`, so that a fault is a rejection. A stub returns promises, even where its class does not. */
export class LedgerClient implements LedgerPort, LedgerReader, LedgerRoom, DeadLetterPort, DeadLetterStore {
  readonly #ledgers: DurableObjectNamespace<LedgerShell>;

  constructor(ledgers: DurableObjectNamespace<LedgerShell>) {
    this.#ledgers = ledgers;
  }

  /** Each as text, which the platform copies as it is: it would take every other value apart and put it together. */
  async append(ledger: LedgerName, records: readonly unknown[]): Promise<AppendReport> {
    return objectOf(this.#ledgers, ledger).append(records.map((record) => JSON.stringify(record)));
  }

  async list(ledger: string, query: Query): Promise<Result<AuditPage, AuditListRefusal>> {
    return objectOf(this.#ledgers, ledger).list(query);
  }

  async cutActs(ledger: string, query: CutQuery): Promise<number | null> {
    return objectOf(this.#ledgers, ledger).cutActs(query);
  }

  async open(
    ledger: string,
    query: Query,
  ): Promise<Result<OpenActPage & Pick<AuditPage, "emails">, AuditListRefusal>> {
    return objectOf(this.#ledgers, ledger).open(query);
  }

  async tail(
    ledger: string,
    query: Query,
    after: number | null,
    waitMs: number,
  ): Promise<Result<TailPage, AuditListRefusal>> {
    return objectOf(this.#ledgers, ledger).follow(query, after, waitMs);
  }

  async status(ledger: string): Promise<LedgerStatus> {
    return objectOf(this.#ledgers, ledger).status();
  }

  async evidence(ledger: string): Promise<EvidenceReport> {
    return objectOf(this.#ledgers, ledger).evidence();
  }

  async find(ledger: string, decisionId: string): Promise<DecisionRecords> {
    return objectOf(this.#ledgers, ledger).find(decisionId);
  }

  async record(ledger: string, id: string): Promise<DecisionRecords | null> {
    return objectOf(this.#ledgers, ledger).record(id);
  }

  async reportedBefore(ledger: string, query: ReportedQuery): Promise<ReportedBefore> {
    return objectOf(this.#ledgers, ledger).reportedBefore(query);
  }

  async unknown(ledger: string, filters: Partial<NamingFilters>): Promise<readonly NamingFilter[]> {
    return objectOf(this.#ledgers, ledger).unknown(filters);
  }

  async users(ledger: string, query: UserQuery): Promise<readonly KnownUser[]> {
    return objectOf(this.#ledgers, ledger).users(query);
  }

  async deadLetters(after: string, limit: number): Promise<readonly KeptLetter[]> {
    return objectOf(this.#ledgers, "org").deadLetters(after, limit);
  }

  async dropDeadLetters(ids: readonly string[]): Promise<number> {
    return objectOf(this.#ledgers, "org").dropDeadLetters(ids);
  }

  async keepDeadLetters(letters: Parameters<DeadLetterPort["keepDeadLetters"]>[0]): Promise<void> {
    return objectOf(this.#ledgers, "org").keepDeadLetters(letters);
  }
}
