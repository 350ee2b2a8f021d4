/**
 * Empties the two outboxes of an owner object: its own, and its rows in D1. Both work by timer, so that a crash, a full
 * queue or an unavailable database only delays a record (P8).
 */
import type { Carrier } from "../audit/carrier.ts";
import type { WrittenDraft } from "../audit/record.ts";
import type { AuditRecord } from "../contract/audit.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import { pendingAudit, removeAudit } from "../storage/audit-outbox.ts";
import type { Database } from "../storage/client.ts";
import { forgetBacklog, noteBacklog } from "../storage/outbox-backlog.ts";
import { BATCH_BYTES, BATCH_RECORDS, type Outbox } from "./outbox.ts";
import type { Timer, TimerHandlers, TimerSetter } from "./timer-table.ts";

/**
 * The time for which records are collected, in milliseconds, so that a busy agent's records travel in batches. They are
 * still visible within 1 s.
 */
const GATHER_MS = 250;
/** The time for which concurrent calls wait, in milliseconds, so that they share one flush to disk. */
const JOIN_MS = 2;

/** The kinds of timers that a relay sets. */
export type RelayTimer = "outbox" | "outbox_note" | "d1_outbox";

interface OutboxRelayDeps {
  readonly timers: Timers;
  readonly storage: DurableObjectStorage;
  readonly clock: Clock;
  readonly db: Database;
  readonly carrier: Carrier;
  readonly timerTable: TimerSetter<RelayTimer>;
  readonly outbox: Outbox;
  /** The owner's name in the D1 outbox. */
  readonly owner: string;
}

export class OutboxRelay {
  readonly #deps: OutboxRelayDeps;
  /** Drafts for the next commit, and that commit. They belong to this object alone, not to the I/O of a request. */
  readonly #gathered: WrittenDraft[] = [];
  #commit: Promise<void> | null = null;
  /** The number of drafts in the last commit. */
  #crowd = 0;

  constructor(deps: OutboxRelayDeps) {
    this.#deps = deps;
  }

  /** The handlers of this part's timers. */
  readonly handlers: TimerHandlers<RelayTimer> = {
    outbox: async ({ attempts }: Timer): Promise<number | undefined> => {
      const { outbox, carrier, clock } = this.#deps;
      try {
        await outbox.drain(carrier);
      } catch (fault) {
        this.#noteSoon();
        throw fault;
      }
      if (attempts > 0) this.#noteSoon();
      // Records that were appended during the drain found the timer set already, so they need another round.
      return outbox.depth() > 0 ? clock.now() + GATHER_MS : undefined;
    },
    d1_outbox: (): Promise<void> => this.#drainD1(),
    outbox_note: (): Promise<void> => this.#note(),
  };

  /** Uses a timer of its own, so that a database that is down never delays a delivery. */
  #noteSoon(): void {
    this.#deps.timerTable.set("outbox_note", "", this.#deps.clock.now());
  }

  /** Tells the operators' status what is waiting here, or that nothing is late any more. */
  async #note(): Promise<void> {
    const { outbox, timerTable, db, owner, clock } = this.#deps;
    const [oldest] = outbox.pending(1);
    // A failed attempt is counted when its handler ends, which is before this handler starts.
    if (oldest === undefined || (timerTable.get("outbox", "")?.attempts ?? 0) === 0) {
      await forgetBacklog(db, owner);
      return;
    }
    await noteBacklog(db, owner, {
      depth: outbox.depth(),
      oldestAt: Date.parse(oldest.record.time),
      notedAt: clock.now(),
    });
  }

  /**
   * Appends drafts; durable when it resolves. Calls that arrive together share one commit: a flush to disk costs more
   * than everything else about a record, and the calls of a busy agent would queue up behind each other.
   */
  record(drafts: readonly WrittenDraft[]): Promise<void> {
    for (const draft of drafts) this.#gathered.push(draft);
    this.#commit ??= this.#commitGathered();
    return this.#commit;
  }

  async #commitGathered(): Promise<void> {
    const { storage, outbox, timers } = this.#deps;
    // One turn of the event loop suffices for calls that have already arrived; when there were several, the next ones
    // follow at once.
    await timers.sleep(this.#crowd > 1 ? JOIN_MS : 0);
    const drafts = this.#gathered.splice(0);
    this.#commit = null;
    this.#crowd = drafts.length;
    storage.transactionSync(() => {
      for (const draft of drafts) outbox.appendWritten(draft);
      this.soon();
    });
    await storage.sync();
  }

  /** Stores hedged copies of records that another producer has numbered; durable when it resolves. */
  async carry(records: readonly AuditRecord[]): Promise<void> {
    const { storage, outbox } = this.#deps;
    storage.transactionSync(() => {
      for (const record of records) outbox.carry(record);
      this.soon();
    });
    await storage.sync();
  }

  /** To be called after an append to the object's own outbox, in the same transaction. */
  soon(): void {
    this.#deps.timerTable.ensure("outbox", "", this.#deps.clock.now() + GATHER_MS);
  }

  /** To be called after a batch that may have put records into D1. */
  d1Soon(): void {
    this.#deps.timerTable.set("d1_outbox", "", this.#deps.clock.now());
  }

  async #drainD1(): Promise<void> {
    const { db, carrier, owner } = this.#deps;
    for (;;) {
      const rows = await pendingAudit(db, owner, { records: BATCH_RECORDS, bytes: BATCH_BYTES });
      if (rows.length === 0) return;
      const { failed } = await carrier.deliver(rows.map((row) => row.record as AuditRecord));
      const kept = new Set(failed.map((failure) => failure.id));
      const done = rows.filter((row) => !kept.has((row.record as AuditRecord).id));
      if (done.length > 0)
        await removeAudit(
          db,
          owner,
          done.map((row) => row.n),
        );
      if (kept.size > 0) throw new Error(`${kept.size} audit records of D1 not delivered`);
    }
  }
}
