/**
 * No evidence, no action (P8): every release to a caller needs a record from this sink.
 *
 * `record` answers only when the record is durable: accepted by the queue, or committed in a Durable Object. Only
 * this file makes its result, `Recorded`, and a release requires one. A record that is not durable within
 * `GIVE_UP_MS` is a refusal (503). Its number then shows as a gap, or the record arrives late, as a decision that
 * was never released.
 */
import type { AuditDraft, AuditRecord, LedgerName } from "../contract/audit.ts";
import { inTime, type Timers } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { NumberBook } from "./number-book.ts";
import { numberRecord } from "./record.ts";

/** After this time without an answer of the queue, the record goes to the object's outbox as well. */
export const HEDGE_MS = 250;
/** From the start of `record` to the refusal. */
export const GIVE_UP_MS = 1_000;

declare const durable: unique symbol;
/** A record that is durable. Only a sink makes one. */
export type Recorded = AuditDraft & { readonly [durable]: true };

export interface AuditUnavailable {
  /** `evidence_full`: the ledger has no space, and nothing was written. */
  readonly kind: "audit_unavailable" | "evidence_full";
}

export interface AuditSink {
  /**
   * Never throws. A record that does not become durable in time is `audit_unavailable`, and nothing may be
   * released.
   */
  record(draft: AuditDraft): Promise<Result<Recorded, AuditUnavailable>>;
}

interface QueuePort {
  send(record: AuditRecord): Promise<unknown>;
}

/**
 * The object whose outbox accepts a record: the agent's, or the workspace's (`org`) for a record without an agent.
 * The id was verified before, so unknown ids never reach an object.
 */
export type OutboxAddress = { readonly agent: string } | { readonly workspace: LedgerName };

export interface OutboxPort {
  /** Numbers the drafts and commits them. */
  append(address: OutboxAddress, drafts: readonly AuditDraft[]): Promise<void>;
  /** Commits copies of records that the isolate has numbered; they keep their producer and number. */
  carry(address: OutboxAddress, records: readonly AuditRecord[]): Promise<void>;
}

interface SinkPorts {
  readonly outbox: OutboxPort;
  readonly timers: Timers;
  readonly log: Log;
}

const addressOf = (draft: AuditDraft): OutboxAddress =>
  draft.agent === undefined ? { workspace: draft.workspace } : { agent: draft.agent };

/** Records that end what an earlier one began, so there are at most as many of them. */
const ENDINGS: ReadonlySet<string> = new Set(["decision.withheld", "token.withheld", "call.outcome"]);

/**
 * Accepts no new record for a full ledger; recording those refusals would fill it further.
 * @param isFull as far as the isolate knows; the lease check after it asks the workspace's object.
 */
export const whileThereIsRoom = (sink: AuditSink, isFull: (ledger: LedgerName) => boolean): AuditSink => ({
  record: async (draft) =>
    isFull(draft.workspace) && !ENDINGS.has(draft.kind) ? err({ kind: "evidence_full" }) : sink.record(draft),
});

/** Embedded: one object write per record; the object's outbox is drained to the ledger. */
export function outboxSink({ outbox, timers, log }: SinkPorts): AuditSink {
  return {
    record: async (draft) => {
      const written = attempt("outbox", () => outbox.append(addressOf(draft), [draft]));
      const outcome = await inTime(timers, GIVE_UP_MS, written, LATE);
      return isRecorded(draft, outcome) ? ok(draft) : refuse(log, draft, [outcome]);
    },
  };
}

/**
 * Production: the queue, and after a delay the outbox too. The first of the two to be durable releases; the ledger
 * merges the copies, because both have the same id, producer and number.
 * @param book the isolate's numbers: plain data that lives as long as the isolate.
 */
export function queueSink(
  ports: SinkPorts & { readonly queue: QueuePort; readonly book: NumberBook; readonly random: Random },
): AuditSink {
  const { queue, outbox, timers, log, book, random } = ports;
  return {
    record: async (draft) => {
      const { producer, n } = book.take(draft.workspace, random);
      const record = numberRecord(draft, producer, n);
      const sent = attempt("queue", () => queue.send(record));
      const first = await inTime(timers, HEDGE_MS, sent, LATE);
      if (isRecorded(draft, first)) return ok(draft);
      const hedged = attempt("outbox", () => outbox.carry(addressOf(draft), [record]));
      const outcome = await inTime(timers, GIVE_UP_MS - HEDGE_MS, firstDurable([sent, hedged]), LATE);
      return isRecorded(draft, outcome) ? ok(draft) : refuse(log, draft, [first, outcome]);
    },
  };
}

const DURABLE = "durable";
const LATE = "late";
type Attempt = string;

/** `DURABLE`, or why not. Never rejects, so that the slower route never becomes an unhandled rejection. */
async function attempt(way: string, act: () => Promise<unknown>): Promise<Attempt> {
  try {
    await act();
    return DURABLE;
  } catch (fault) {
    return `${way}: ${fault instanceof Error ? fault.message : String(fault)}`;
  }
}

/** The first that is durable; when none is, the reason. */
async function firstDurable(attempts: readonly Promise<Attempt>[]): Promise<Attempt> {
  const won = Promise.any(
    attempts.map(async (pending) => {
      const outcome = await pending;
      if (outcome !== DURABLE) throw new Error(outcome);
      return outcome;
    }),
  );
  return won.catch((fault: unknown) =>
    fault instanceof AggregateError
      ? fault.errors.map((each: unknown) => String(each)).join("; ")
      : String(fault),
  );
}

const isRecorded = (_draft: AuditDraft, outcome: Attempt): _draft is Recorded => outcome === DURABLE;

function refuse(log: Log, draft: AuditDraft, outcomes: readonly Attempt[]): Result<never, AuditUnavailable> {
  log.write("error", "audit.unavailable", { id: draft.id, kind: draft.kind, outcomes: outcomes.join("; ") });
  return err({ kind: "audit_unavailable" });
}
