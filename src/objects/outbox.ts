/**
 * The outbox of a Durable Object: audit records that are committed with the change they describe, and delivered to the
 * ledger afterwards (design part 10).
 *
 * - `append` runs inside the caller's transaction and takes the next number of this producer: a change and its record
 *   are committed together or not at all, and a rolled-back change leaves no gap.
 * - A row is deleted only after the carrier has confirmed that its record is durable elsewhere. A crash in between
 *   sends the record again; the ledger merges it by its id.
 * - A record that cannot be delivered stays, and does not block later records.
 */
import { numberedText, readRecord, writeDraft, type WrittenDraft } from "../audit/record.ts";
import type { Carrier } from "../audit/carrier.ts";
import type { AuditDraft, AuditRecord } from "../contract/audit.ts";
import { utf8 } from "../kernel/bytes.ts";
import { BOUND_LIST } from "../storage/in-list.ts";
import { runSchemaSteps } from "./schema-steps.ts";

/**
 * The limits of one batch (Queues: 100 messages and 256 KB, of which the metadata of each message takes about 100
 * bytes).
 */
export const BATCH_RECORDS = 100;
export const BATCH_BYTES = 240_000;

interface OutboxRow {
  /**
   * The position in the outbox, ascending. It is not the record's number: copies from another producer keep that
   * producer's number.
   */
  readonly position: number;
  readonly record: AuditRecord;
  readonly bytes: number;
}

/** Thrown when records are left after a drain; the timer of the drain then backs off. */
export class OutboxNotDrained extends Error {
  override readonly name = "OutboxNotDrained";
  constructor(left: number, reason: string) {
    super(`${left} audit records not delivered: ${reason}`);
  }
}

const STEPS = [
  `CREATE TABLE outbox (
     position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
     record TEXT NOT NULL, bytes INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE outbox_numbers (ledger TEXT PRIMARY KEY, last_n INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
];

export class Outbox {
  readonly #storage: DurableObjectStorage;
  readonly #producer: string;

  /**
   * @param producer the name of this outbox in `producer`, for instance `agent:agt_…`; never shared with another
   * outbox.
   */
  constructor(storage: DurableObjectStorage, producer: string) {
    this.#storage = storage;
    this.#producer = producer;
    runSchemaSteps(storage, { outbox: STEPS });
  }

  /**
   * Adds a record and takes its number. Synchronous: call it in the transaction of the change. A draft that is already
   * waiting takes no second number.
   */
  append(draft: AuditDraft): void {
    this.appendWritten(writeDraft(draft));
  }

  /** As `append`, for a draft that has come as text. */
  appendWritten(draft: WrittenDraft): void {
    // One statement checks and counts, because every decision of a busy agent passes here.
    const [taken] = this.#storage.sql
      .exec<{ n: number }>(
        `INSERT INTO outbox_numbers (ledger, last_n)
         SELECT ?1, 1 WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE id = ?2)
         ON CONFLICT (ledger) DO UPDATE SET last_n = last_n + 1 RETURNING last_n AS n`,
        draft.ledger,
        draft.id,
      )
      .toArray();
    if (taken === undefined) return;
    const json = numberedText(draft, this.#producer, taken.n);
    this.#storage.sql.exec(
      "INSERT INTO outbox (id, record, bytes) VALUES (?, ?, ?)",
      draft.id,
      json,
      utf8(json).length,
    );
  }

  /** Stores the hedged copy of a record that another producer has numbered; it keeps producer and number. */
  carry(record: AuditRecord): void {
    const json = JSON.stringify(record);
    this.#storage.sql.exec(
      "INSERT INTO outbox (id, record, bytes) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
      record.id,
      json,
      utf8(json).length,
    );
  }

  /** The oldest rows after a position, up to `limit` records and `BATCH_BYTES`. */
  pending(limit: number = BATCH_RECORDS, after = 0): readonly OutboxRow[] {
    const rows = this.#storage.sql
      .exec<{ position: number; record: string; bytes: number }>(
        "SELECT position, record, bytes FROM outbox WHERE position > ? ORDER BY position LIMIT ?",
        after,
        Math.min(limit, BATCH_RECORDS),
      )
      .toArray();
    const batch: OutboxRow[] = [];
    let size = 0;
    for (const { position, record, bytes } of rows) {
      size += bytes;
      if (batch.length > 0 && size > BATCH_BYTES) break;
      batch.push({ position, record: readRecord(record), bytes });
    }
    return batch;
  }

  /** Deletes rows whose records are durable elsewhere. */
  remove(positions: readonly number[]): void {
    if (positions.length === 0) return;
    this.#storage.sql.exec(`DELETE FROM outbox WHERE position IN ${BOUND_LIST}`, JSON.stringify(positions));
  }

  /** The number of records that wait. */
  depth(): number {
    return this.#storage.sql.exec<{ depth: number }>("SELECT count(*) AS depth FROM outbox").one().depth;
  }

  /**
   * Delivers all records that were waiting when it began, batch by batch. Idempotent: two simultaneous drains only
   * repeat deliveries.
   * @returns how many records were delivered.
   * @throws OutboxNotDrained when some could not be delivered; they stay for a later call.
   */
  async drain(carrier: Carrier): Promise<number> {
    let delivered = 0;
    let left = 0;
    let reason = "";
    let after = 0;
    const last = this.#lastPosition();
    while (after < last) {
      const batch = this.pending(BATCH_RECORDS, after);
      const end = batch.at(-1);
      if (end === undefined) break;
      const { failed } = await carrier.deliver(batch.map((row) => row.record));
      const kept = new Map(failed.map((failure) => [failure.id, failure.reason]));
      const done = batch.filter((row) => !kept.has(row.record.id));
      this.remove(done.map((row) => row.position));
      delivered += done.length;
      left += kept.size;
      reason = failed[0]?.reason ?? reason;
      after = end.position;
    }
    if (left > 0) throw new OutboxNotDrained(left, reason);
    return delivered;
  }

  #lastPosition(): number {
    return (
      this.#storage.sql.exec<{ last: number | null }>("SELECT max(position) AS last FROM outbox").one()
        .last ?? 0
    );
  }
}
