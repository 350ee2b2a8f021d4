/**
 * How an owner object empties its two outboxes: its own, and its rows in D1. Both by timer, so that a crash, a full
 * queue or a dead database only delays a record (P8).
 */
import type { Carrier } from "../audit/carrier.ts";
import type { AuditDraft, AuditRecord } from "../contract/audit.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import { pendingAudit, removeAudit } from "../storage/audit-outbox.ts";
import type { Database } from "../storage/client.ts";
import { forgetBacklog, noteBacklog } from "../storage/outbox-backlog.ts";
import { BATCH_BYTES, BATCH_RECORDS, type Outbox } from "./outbox.ts";
import type { Timer, TimerHandlers, TimerSetter } from "./timer-table.ts";

/** Records gather for this long, so that a busy agent's are carried in batches. Visible within 1 s all the same. */
const GATHER_MS = 250;
/** While calls of an agent come at once, this wait lets them share one flush to disk. */
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
  /** Drafts that wait for the next commit, and that commit. Of this object alone: it shares no request's I/O. */
  readonly #gathered: AuditDraft[] = [];
  #commit: Promise<void> | null = null;
  /** How many drafts the last commit had. */
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
      // What was appended while the drain ran found the timer standing: it needs another round.
      return outbox.depth() > 0 ? clock.now() + GATHER_MS : undefined;
    },
    d1_outbox: (): Promise<void> => this.#drainD1(),
    outbox_note: (): Promise<void> => this.#note(),
  };

  /** By a timer of its own, so that a database that is down is never in the way of a delivery. */
  #noteSoon(): void {
    this.#deps.timerTable.set("outbox_note", "", this.#deps.clock.now());
  }

  /** Tells the operators' status what waits here, or that nothing is late any more. */
  async #note(): Promise<void> {
    const { outbox, timerTable, db, owner, clock } = this.#deps;
    const [oldest] = outbox.pending(1);
    // An attempt that failed is counted when its handler has ended, which is before this one is started.
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
   * Appends drafts; durable when it resolves. Calls that arrive together are one commit: a flush to disk costs more
   * than everything else about a record, and a busy agent's calls would queue up behind each other's.
   */
  record(drafts: readonly AuditDraft[]): Promise<void> {
    for (const draft of drafts) this.#gathered.push(draft);
    this.#commit ??= this.#commitGathered();
    return this.#commit;
  }

  async #commitGathered(): Promise<void> {
    const { storage, outbox, timers } = this.#deps;
    // One turn of the event loop is long enough for calls that are already here; calls in a crowd come again at once.
    await timers.sleep(this.#crowd > 1 ? JOIN_MS : 0);
    const drafts = this.#gathered.splice(0);
    this.#commit = null;
    this.#crowd = drafts.length;
    storage.transactionSync(() => {
      for (const draft of drafts) outbox.append(draft);
      this.soon();
    });
    await storage.sync();
  }

  /** Takes in hedged copies of records that another producer has numbered; durable when it resolves. */
  async carry(records: readonly AuditRecord[]): Promise<void> {
    const { storage, outbox } = this.#deps;
    storage.transactionSync(() => {
      for (const record of records) outbox.carry(record);
      this.soon();
    });
    await storage.sync();
  }

  /** After an append to the object's own outbox, in the same transaction. */
  soon(): void {
    this.#deps.timerTable.ensure("outbox", "", this.#deps.clock.now() + GATHER_MS);
  }

  /** After a batch that may have put records into D1. */
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
