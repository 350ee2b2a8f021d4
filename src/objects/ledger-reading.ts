/**
 * Reads a ledger for readers: pages of the list, records after a `seq`, single records, users, and entries with the
 * data that verifies them offline. It writes nothing.
 */
import type { z } from "zod";
import { genesis } from "../audit/chain.ts";
import { auditQuery, type AuditQuery, type ChainEntry } from "../contract/audit.ts";
import { openActQuery } from "../contract/open-act.ts";
import { toHex } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
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
import { countCut } from "./ledger-cut-acts.ts";
import type { LedgerFacts } from "./ledger-facts.ts";
import { unknownFilters } from "./ledger-naming.ts";
import { cursorOf } from "./ledger-query.ts";
import type { LedgerOpenActs } from "./ledger-open-acts.ts";
import { reportedBefore } from "./ledger-reported.ts";
import { rangeOf, type BadCursor } from "./ledger-range.ts";
import type { LedgerStore } from "./ledger-store.ts";
import type { LedgerUsers } from "./ledger-users.ts";

export type BadQuery = { readonly kind: "bad_query"; readonly member: string };

/** Consecutive entries for an offline check. */
export interface ChainExport {
  readonly ledger: string;
  /** The hash before the first entry, hex. */
  readonly previous_hash: string;
  readonly entries: readonly ChainEntry[];
}

const EXPORT_LIMIT = 1_000;
const EXPORT_CHARS = 8_000_000;

/** Parses a query again, because the caller may be of another version. */
export const parseQuery = (query: unknown): Result<AuditQuery, BadQuery> => parseAs(auditQuery, query);

function parseAs<S extends z.ZodType>(shape: S, query: unknown): Result<z.output<S>, BadQuery> {
  const parsed = shape.safeParse(query);
  if (parsed.success) return ok(parsed.data);
  return err({ kind: "bad_query", member: parsed.error.issues[0]?.path.join(".") ?? "" });
}

interface LedgerTables {
  readonly ledger: string;
  readonly sql: SqlStorage;
  readonly store: LedgerStore;
  readonly facts: LedgerFacts;
  readonly users: LedgerUsers;
  readonly openActs: LedgerOpenActs;
}

export class LedgerReading {
  readonly #tables: LedgerTables;

  constructor(tables: LedgerTables) {
    this.#tables = tables;
  }

  /**
   * One page of the list. It examines a bounded number of records, so it may be short or empty and still have a cursor.
   */
  page(query: AuditQuery): Result<AuditPage, BadCursor> {
    const { store, facts, users } = this.#tables;
    const range = rangeOf(query, store, facts);
    if (!range.ok) return range;
    const { entries, edge } = store.list(query, range.value);
    const items = entries.slice(0, query.limit);
    const end = entries.length > items.length ? (items.at(-1)?.seq ?? null) : edge;
    return ok({ items, next_cursor: end === null ? null : cursorOf(end), emails: users.emailsIn(items) });
  }

  /** The `seq` after which a live reader begins: by `since`, else the current end of the ledger. */
  begin({ since }: AuditQuery): TailPage {
    const { store } = this.#tables;
    const { seq } = store.head();
    const last = since === undefined ? seq : store.firstSince(Date.parse(since), seq) - 1;
    return { entries: [], last_seq: last, emails: {} };
  }

  /** Matching entries after a `seq`, oldest first, and the last `seq` examined. */
  behind(query: AuditQuery, after: number): TailPage {
    const { store, users } = this.#tables;
    const last = store.head().seq;
    const { entries: rows, edge } = store.list(query, { from: after + 1, to: last });
    const entries = rows.slice(0, query.limit);
    const more = rows.length > entries.length;
    const lastSeq = more ? (entries.at(-1)?.seq ?? last) : (edge ?? last);
    return { entries, last_seq: lastSeq, emails: users.emailsIn(entries) };
  }

  /** The records of a decision, oldest first: the decision or intent, its outcome, and the first reported events. */
  find(decisionId: string): DecisionRecords {
    const { store, users } = this.#tables;
    const entries = store.byDecision(decisionId);
    return { entries, emails: users.emailsIn(entries) };
  }

  record(id: string): DecisionRecords | null {
    const { store, users } = this.#tables;
    const entry = store.byId(id);
    return entry === null ? null : { entries: [entry], emails: users.emailsIn([entry]) };
  }

  reportedBefore(query: ReportedQuery): ReportedBefore {
    return reportedBefore(this.#tables.sql, query);
  }

  unknown(filters: Partial<NamingFilters>): NamingFilter[] {
    return unknownFilters(this.#tables.sql, filters);
  }

  users(query: UserQuery): KnownUser[] {
    return this.#tables.users.list(query);
  }

  /** How many acts a stop has cut, as far as their outcomes have arrived. */
  cutActs(query: CutQuery): number | null {
    const { sql, store, facts } = this.#tables;
    const last = store.head().seq;
    const range = {
      from: store.firstSince(query.since, last),
      to: store.firstSince(query.until + facts.timeLag() + 1, last) - 1,
    };
    return countCut(sql, query, range);
  }

  /** The intents without an outcome, in the order of their arrival. */
  open(query: unknown): Result<OpenActPage & Pick<AuditPage, "emails">, BadQuery | BadCursor> {
    const asked = parseAs(openActQuery, query);
    if (!asked.ok) return asked;
    const page = this.#tables.openActs.page(asked.value);
    if (!page.ok) return page;
    return ok({ ...page.value, emails: this.#tables.users.emailsIn(page.value.items) });
  }

  /**
   * Entries from `fromSeq` on, with the data that verifies them offline: at most 1,000, or about 8 MB. Personal data is
   * in clear text where it has not been erased.
   */
  entries(fromSeq: number, limit: number): ChainExport {
    const { ledger, store } = this.#tables;
    const from = Math.max(1, Math.floor(fromSeq));
    const previous = from === 1 ? genesis(ledger) : store.hashAt(from - 1);
    return {
      ledger,
      previous_hash: previous === null ? "" : toHex(previous),
      entries: previous === null ? [] : store.range(from, Math.min(limit, EXPORT_LIMIT), EXPORT_CHARS),
    };
  }
}
