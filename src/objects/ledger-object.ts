/**
 * LedgerObject: the ledger of one workspace, or `org` (design parts 4 and 10).
 *
 * - `append` takes records in the order of their arrival: it numbers them without a gap, chains them by hash, merges
 *   repeats by id, and sets unreadable ones aside. It never waits in between, so two appends cannot interleave. One
 *   call is one transaction: when it returns, the records are durable; when it throws, none was taken.
 * - Entries never change, except by `erase`, which removes personal data and leaves every hash valid.
 * - A record that never arrived shows as a gap in its producer's numbers (P8).
 */
import { DurableObject } from "cloudflare:workers";
import type { AppendReport } from "../audit/carrier.ts";
import { genesis } from "../audit/chain.ts";
import { erase } from "../audit/commit.ts";
import { readStored } from "../audit/record.ts";
import { toHex } from "../kernel/bytes.ts";
import { inTime } from "../kernel/clock.ts";
import type { WorkspaceId } from "../kernel/ids.ts";
import type { EvidenceLevel } from "../lifecycle/evidence.ts";
import type {
  AuditPage,
  CutQuery,
  DecisionRecords,
  KnownUser,
  NamingFilter,
  NamingFilters,
  OpenActPage,
  ReportedBefore,
  ReportedQuery,
  TailPage,
  UserQuery,
} from "../operations/owners/ledger-reader.ts";
import type { EvidenceReport, WorkspaceOwner } from "../operations/owners/workspace-owner.ts";
import { ok, type Result } from "../kernel/result.ts";
import type { LedgerDeps } from "./deps.ts";
import { LedgerActSweep } from "./ledger-act-sweep.ts";
import { LedgerAside } from "./ledger-aside.ts";
import { LedgerFacts } from "./ledger-facts.ts";
import { LedgerFill } from "./ledger-fill.ts";
import { LedgerReading, parseQuery, type BadQuery, type ChainExport } from "./ledger-reading.ts";
import type { BadCursor } from "./ledger-range.ts";
import { LedgerOpenActs } from "./ledger-open-acts.ts";
import { LEDGER_STEPS } from "./ledger-schema.ts";
import { LedgerProducers, type ProducerGaps } from "./ledger-producers.ts";
import { LedgerStore } from "./ledger-store.ts";
import { LedgerUsers } from "./ledger-users.ts";
import { fromJson, LedgerWriter } from "./ledger-writer.ts";
import { runSchemaSteps } from "./schema-steps.ts";
import { TimerTable } from "./timer-table.ts";

type ListRefusal = BadQuery | BadCursor;

export interface LedgerStatus {
  readonly ledger: string;
  readonly last_seq: number;
  /** The hash of the chain up to `last_seq`, hex. */
  readonly hash: string;
  readonly bytes: number;
  /** In bytes; at 95 percent of it, decisions are refused. */
  readonly capacity: number;
  readonly evidence: EvidenceLevel;
  readonly producers: number;
  /** Producers with missing records, at most 100. Records that are still on their way count as missing. */
  readonly gaps: readonly ProducerGaps[];
  /** Records that could not be read and were set aside. */
  readonly rejected: number;
  readonly dead_letters: number;
}

interface DeadLetter {
  readonly id: string;
  readonly attempts: number;
  readonly body: unknown;
}

const RETRY_REJECTED_MS = 3_600_000;
/** Longer than a queue keeps a message (14 days at most): by then nothing of the isolate is still on its way. */
const PRODUCER_KEEP_MS = 15 * 86_400_000;
/** How often old producers are deleted while records arrive, in milliseconds. */
const FORGET_MS = 86_400_000;
const GAP_LIMIT = 100;
const TAIL_LIMIT = 100;

export abstract class LedgerShell extends DurableObject {
  readonly #deps: LedgerDeps;
  readonly #store: LedgerStore;
  readonly #producers: LedgerProducers;
  readonly #aside: LedgerAside;
  readonly #facts: LedgerFacts;
  readonly #users: LedgerUsers;
  readonly #reading: LedgerReading;
  readonly #writer: LedgerWriter;
  readonly #timerTable: TimerTable<"rejected" | "evidence" | "producers" | "acts">;
  readonly #fill: LedgerFill;
  readonly #sweep: LedgerActSweep;
  readonly #name: string;
  /** Readers of this instance that wait for the next append. */
  readonly #waiting: (() => void)[] = [];

  constructor(state: DurableObjectState, raw: Cloudflare.Env, deps: LedgerDeps) {
    super(state, raw);
    const { storage } = state;
    const { name } = state.id;
    if (name === undefined) throw new Error("a ledger is reached by its name only");
    runSchemaSteps(storage, { ledger: LEDGER_STEPS });
    this.#name = name;
    this.#deps = deps;
    this.#store = new LedgerStore(storage.sql);
    this.#producers = new LedgerProducers(storage.sql);
    this.#aside = new LedgerAside(storage.sql);
    this.#facts = new LedgerFacts(storage.sql);
    this.#users = new LedgerUsers(storage.sql);
    const openActs = new LedgerOpenActs(storage.sql);
    this.#reading = new LedgerReading({
      ledger: name,
      sql: storage.sql,
      store: this.#store,
      facts: this.#facts,
      users: this.#users,
      openActs,
    });
    this.#writer = new LedgerWriter({
      ...deps,
      ledger: name,
      storage,
      store: this.#store,
      producers: this.#producers,
      aside: this.#aside,
      facts: this.#facts,
      users: this.#users,
      openActs,
    });
    this.#timerTable = new TimerTable({ ...deps, storage });
    this.#fill = new LedgerFill({
      ...deps,
      ledger: name,
      facts: this.#facts,
      timerTable: this.#timerTable,
      bytes: () => storage.sql.databaseSize,
      report: (report) => this.#ownerOf(name).noteEvidence(report),
    });
    this.#sweep = new LedgerActSweep({
      ...deps,
      ledger: name,
      openActs,
      producers: this.#producers,
      timerTable: this.#timerTable,
      append: (records) => this.append(records),
    });
    this.#timerTable.start({
      rejected: () => this.#retryRejected(),
      evidence: () => this.#fill.tell(),
      producers: () => this.#forgetProducers(),
      acts: () => this.#sweep.run(),
    });
    this.#fill.look();
  }

  override async alarm(): Promise<void> {
    await this.#timerTable.fire();
  }

  /**
   * Takes records, in this order.
   * @param records in any form, or as JSON text: they come from a queue or from another version of Dome.
   * @throws LedgerFull when the capacity is used up, or the error of the database; then none of the records was taken.
   */
  append(records: readonly unknown[]): AppendReport {
    const report = this.#written(() => this.#writer.append(records));
    if (report.rejected > 0)
      this.#timerTable.ensure("rejected", "", this.#deps.clock.now() + RETRY_REJECTED_MS);
    if (report.accepted > 0) this.#timerTable.ensure("producers", "", this.#deps.clock.now() + FORGET_MS);
    this.#sweep.look();
    for (const arrived of this.#waiting.splice(0)) arrived();
    return report;
  }

  /**
   * Matching entries after `after`, oldest first; waits up to `waitMs` milliseconds for new ones. Not named `tail`,
   * which is a Worker's own event handler and not available over RPC in every runtime.
   * @param after a `seq`; null: begin where `since` says, else at the current end of the ledger; answered at once.
   * @returns the entries, and the `seq` from which the next call continues.
   */
  async follow(query: unknown, after: number | null, waitMs: number): Promise<Result<TailPage, ListRefusal>> {
    const asked = parseQuery({ ...(query as object), order: "oldest", limit: TAIL_LIMIT });
    if (!asked.ok) return asked;
    if (after === null) return ok(this.#reading.begin(asked.value));
    if (this.#store.head().seq <= after) await this.#arrival(waitMs);
    return ok(this.#reading.behind(asked.value, after));
  }

  list(query: unknown): Result<AuditPage, ListRefusal> {
    const asked = parseQuery(query);
    return asked.ok ? this.#reading.page(asked.value) : asked;
  }

  cutActs(query: CutQuery): number | null {
    return this.#reading.cutActs(query);
  }

  open(query: unknown): Result<OpenActPage & Pick<AuditPage, "emails">, ListRefusal> {
    return this.#reading.open(query);
  }

  find(decisionId: string): DecisionRecords {
    return this.#reading.find(decisionId);
  }

  record(id: string): DecisionRecords | null {
    return this.#reading.record(id);
  }

  reportedBefore(query: ReportedQuery): ReportedBefore {
    return this.#reading.reportedBefore(query);
  }

  unknown(filters: Partial<NamingFilters>): NamingFilter[] {
    return this.#reading.unknown(filters);
  }

  users(query: UserQuery): KnownUser[] {
    return this.#reading.users(query);
  }

  entries(fromSeq: number, limit: number): ChainExport {
    return this.#reading.entries(fromSeq, limit);
  }

  status(): LedgerStatus {
    const { seq, hash } = this.#store.head();
    return {
      ledger: this.#name,
      last_seq: seq,
      hash: toHex(hash ?? genesis(this.#name)),
      bytes: this.ctx.storage.sql.databaseSize,
      capacity: this.#deps.capacity,
      evidence: this.#fill.report().level,
      producers: this.#producers.count(),
      gaps: this.#producers.gaps(GAP_LIMIT),
      ...this.#aside.counts(),
    };
  }

  /**
   * Removes the personal data of these records (ids). Hashes stay valid.
   * @returns how many of the records were found.
   */
  erase(ids: readonly string[]): number {
    return this.ctx.storage.transactionSync(() => {
      let erased = 0;
      for (const id of ids) {
        const known = this.#store.known(id);
        if (known === null) continue;
        const record = readStored(known.json);
        this.#users.forget(record);
        this.#store.replaceErased(
          known.seq,
          erase(record, known.salt === null ? null : new Uint8Array(known.salt)),
        );
        erased += 1;
      }
      return erased;
    });
  }

  /**
   * Keeps messages that the queue gave up on, with their bodies. Only for the ledger `org`. Repeated ids are merged.
   */
  keepDeadLetters(letters: readonly DeadLetter[]): void {
    const now = this.#deps.clock.now();
    this.#written(() =>
      this.ctx.storage.transactionSync(() => {
        for (const { id, attempts, body } of letters) this.#aside.keepDeadLetter(id, attempts, body, now);
      }),
    );
  }

  /** The next dead letters after an id, with the bodies that the queue had. */
  deadLetters(after: string, limit: number): { readonly id: string; readonly body: unknown }[] {
    return this.#aside.deadLetters(after, limit).map(({ id, raw }) => ({ id, body: fromJson(raw) }));
  }

  /**
   * Deletes dead letters that their ledgers have.
   * @returns how many are left.
   */
  dropDeadLetters(ids: readonly string[]): number {
    this.#aside.dropDeadLetters(ids);
    return this.#aside.counts().dead_letters;
  }

  /** The level of the ledger, for the workspace's object, which carries it in its lease. */
  evidence(): EvidenceReport {
    return this.#fill.report();
  }

  /** Writes if there is free space, and measures afterwards how much is left. The write itself waits for nothing. */
  #written<T>(write: () => T): T {
    this.#fill.guard();
    try {
      const written = write();
      this.#fill.look();
      return written;
    } catch (fault) {
      this.#fill.failed(fault);
      throw fault;
    }
  }

  #ownerOf(ledger: string): Pick<WorkspaceOwner, "noteEvidence"> {
    const { owners } = this.#deps;
    return ledger === "org" ? owners.org() : owners.workspace(ledger as WorkspaceId);
  }

  /** Resolves at the next append, or after `waitMs`. */
  async #arrival(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await inTime(this.#deps.timers, waitMs, promise, undefined);
    const place = this.#waiting.indexOf(resolve);
    if (place >= 0) this.#waiting.splice(place, 1);
  }

  /** Timer `producers`; the next append sets it again. */
  #forgetProducers(): void {
    this.#producers.forget(this.#deps.clock.now() - PRODUCER_KEEP_MS);
  }

  /** A newer version of Dome may be able to read records that an older one could not. */
  #retryRejected(): number | undefined {
    let after = "";
    let left = 0;
    for (;;) {
      const rows = this.#aside.rejected("unreadable", after, 100);
      const end = rows.at(-1);
      if (end === undefined) break;
      for (const row of rows) if (!this.#writer.retry(row)) left += 1;
      after = end.digest;
    }
    return left === 0 ? undefined : this.#deps.clock.now() + RETRY_REJECTED_MS;
  }
}
