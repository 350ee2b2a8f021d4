/**
 * Halts of one owner object, and the wait that makes them effective (design part 5).
 *
 * A halt commits with the state it changes. Then the full STOP_WAIT_MS passes, by a relative timer that starts after
 * the commit is on disk: by its end, every lease from before the commit has expired. A restarted object does not know
 * which leases exist, so it waits the full time again. A persisted timer wakes an object that was evicted.
 */
import type { HaltId } from "../kernel/ids.ts";
import { inTime, type Clock, type Timers } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { becomeEffective, effectiveInMs, stopWait } from "../lifecycle/halt.ts";
import { STOP_WAIT_MS } from "../lifecycle/lease.ts";
import type { HaltProgress, HaltQuery, StoredHalt } from "../operations/owners/halts.ts";
import type { SchemaStep } from "./schema-steps.ts";
import type { TimerSetter } from "./timer-table.ts";

export const HALT_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE halts (
     id TEXT PRIMARY KEY, committed_at INTEGER NOT NULL, effective_at INTEGER, halt TEXT NOT NULL
   ) STRICT`,
  `CREATE INDEX halts_by_commit ON halts (committed_at, id);
   CREATE INDEX halts_pending ON halts (committed_at, id) WHERE effective_at IS NULL`,
];

interface HaltTableDeps {
  readonly storage: DurableObjectStorage;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly timerTable: TimerSetter<"halt">;
}

export class HaltTable {
  readonly #deps: HaltTableDeps;
  /** The waits of this instance, by halt id. */
  readonly #waits = new Map<string, { readonly startedAt: number; readonly done: Promise<void> }>();
  #onEffective: (halt: StoredHalt) => void = () => undefined;

  constructor(deps: HaltTableDeps) {
    this.#deps = deps;
  }

  /**
   * To be called at the end of the constructor: every halt that is not effective waits the full time again.
   * @param onEffective called inside the transaction that makes a halt effective; writes its audit record.
   */
  start(onEffective: (halt: StoredHalt) => void): void {
    this.#onEffective = onEffective;
    this.startWaits();
  }

  /** Starts the wait of every committed halt that does not wait in this instance yet. */
  startWaits(): void {
    for (const halt of this.pending()) this.wait(halt.id);
  }

  /** Stores a halt, inside the transaction of the stop. Call `wait` after the transaction. */
  commit(halt: StoredHalt): void {
    const { storage, timerTable } = this.#deps;
    storage.sql.exec(
      "INSERT INTO halts (id, committed_at, halt) VALUES (?, ?, ?)",
      halt.id,
      halt.committedAt,
      JSON.stringify(halt),
    );
    timerTable.set("halt", halt.id, halt.committedAt + 2 * STOP_WAIT_MS);
  }

  /** Starts the wait of a committed halt. */
  wait(id: HaltId): void {
    if (this.#waits.has(id)) return;
    const { clock, log } = this.#deps;
    const done = this.#run(id).catch((fault: unknown) => {
      this.#waits.delete(id);
      log.write("error", "halt.wait_failed", { halt: id, fault: String(fault) });
    });
    this.#waits.set(id, { startedAt: clock.now(), done });
  }

  /** To be called after the transaction of a command: starts the wait, unless the halt is already effective. */
  startWait(id: HaltId): void {
    if (this.find(id)?.effectiveAt === null) this.wait(id);
  }

  /** Timer `halt`: wakes an object that was evicted; its constructor has started the wait. */
  async onTimer(id: string): Promise<void> {
    const halt = this.find(id);
    if (halt === null || halt.effectiveAt !== null) return;
    this.wait(halt.id);
    await this.#waits.get(id)?.done;
    if (this.find(id)?.effectiveAt === null) throw new Error("the halt is not effective yet");
  }

  /** Resolves when the halt is effective, or after `mostMs`. */
  async waitEffective(id: string, mostMs: number): Promise<StoredHalt | null> {
    const wait = this.#waits.get(id);
    if (wait !== undefined) await inTime(this.#deps.timers, mostMs, wait.done, undefined);
    return this.find(id);
  }

  find(id: string): StoredHalt | null {
    const [row] = this.#deps.storage.sql
      .exec<{ halt: string; effective_at: number | null }>(
        "SELECT halt, effective_at FROM halts WHERE id = ?",
        id,
      )
      .toArray();
    return row === undefined
      ? null
      : { ...(JSON.parse(row.halt) as StoredHalt), effectiveAt: row.effective_at };
  }

  /** Halts, newest first: one more than `limit` when there are more. */
  list({ after, limit }: HaltQuery): StoredHalt[] {
    return this.#deps.storage.sql
      .exec<{ halt: string; effective_at: number | null }>(
        `SELECT halt, effective_at FROM halts ${after === undefined ? "" : "WHERE (committed_at, id) < (?, ?)"}
         ORDER BY committed_at DESC, id DESC LIMIT ?`,
        ...(after === undefined ? [] : [after.value, after.id]),
        limit + 1,
      )
      .toArray()
      .map((row) => ({ ...(JSON.parse(row.halt) as StoredHalt), effectiveAt: row.effective_at }));
  }

  progress(id: string): HaltProgress | null {
    const halt = this.find(id);
    return halt === null ? null : this.progressOf(halt);
  }

  /** The halt with a forecast for people: the milliseconds until it is effective, as far as this instance can tell. */
  progressOf(halt: StoredHalt): HaltProgress {
    const startedAt = this.#waits.get(halt.id)?.startedAt ?? null;
    return { halt, effectiveInMs: effectiveInMs(halt, startedAt, this.#deps.clock.now()) };
  }

  async #run(id: HaltId): Promise<void> {
    const { storage, timers } = this.#deps;
    await storage.sync(); // the wait counts from a commit that is on disk
    const halt = this.find(id);
    if (halt === null) return;
    await timers.sleep(stopWait(halt));
    storage.transactionSync(() => this.#makeEffective(id));
    await storage.sync();
    this.#waits.delete(id);
  }

  #makeEffective(id: HaltId): void {
    const { storage, clock, timerTable } = this.#deps;
    const halt = this.find(id);
    if (halt === null || halt.effectiveAt !== null) return;
    const effective = becomeEffective(halt, clock.now());
    storage.sql.exec("UPDATE halts SET effective_at = ? WHERE id = ?", effective.effectiveAt, id);
    timerTable.cancel("halt", id);
    this.#onEffective({ ...halt, ...effective });
  }

  /** Committed halts that are not effective yet, oldest first. */
  pending(): StoredHalt[] {
    return this.#deps.storage.sql
      .exec<{ halt: string }>("SELECT halt FROM halts WHERE effective_at IS NULL ORDER BY committed_at, id")
      .toArray()
      .map((row) => JSON.parse(row.halt) as StoredHalt);
  }
}
