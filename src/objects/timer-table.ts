/**
 * A table of timers over the one alarm slot that a Durable Object has (design part 4, "Alarms").
 *
 * - Setting a timer is synchronous and part of the caller's transaction. The alarm is always set at or before the
 *   earliest timer; an alarm that fires too early finds nothing due and is set again.
 * - The platform drops an alarm after six failed tries, so `fire()` never throws: a handler that fails backs off by
 *   itself, without limit, while the others continue. A handler that hangs counts as failed after `handlerBoundMs`.
 * - Handlers run at least once and may run twice: they must be idempotent.
 * - `start()` at the end of the constructor sets the alarm again, in case it was lost with the process.
 * - The kinds are part of the type: a kind without a handler, or a misspelt one, does not compile.
 */
import { inTime, within, type Clock, type Timers } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { runSchemaSteps } from "./schema-steps.ts";

export interface Timer {
  readonly kind: string;
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly due: number;
  /** The number of failures of the handler since the timer was set. */
  readonly attempts: number;
}

/** @returns when to run again (milliseconds since the epoch); undefined when the timer is done. */
export type TimerHandler = (timer: Timer) => Promise<number | void> | number | void;

/** The handler of each kind. A timer of an unknown kind (set by a newer version) waits with the usual back-off. */
export type TimerHandlers<Kind extends string> = Readonly<Record<Kind, TimerHandler>>;

/**
 * The interface through which a part of an object sets its timers. Members are function properties, so that a table
 * without the kind does not type-check.
 */
export interface TimerSetter<in Kind extends string> {
  readonly set: (kind: Kind, key: string, due: number) => void;
  readonly ensure: (kind: Kind, key: string, due: number) => void;
  readonly cancel: (kind: Kind, key: string) => void;
  readonly get: (kind: Kind, key: string) => Timer | undefined;
}

interface TimerTableOptions {
  readonly storage: DurableObjectStorage;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  /** The time after which a handler counts as failed, in milliseconds; default 10,000. */
  readonly handlerBoundMs?: number;
}

type TimerRow = { kind: string; key: string; due: number; attempts: number; revision: number };

const STEPS = [
  `CREATE TABLE timers (
     kind TEXT NOT NULL, key TEXT NOT NULL, due INTEGER NOT NULL,
     attempts INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL DEFAULT 1,
     PRIMARY KEY (kind, key)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX timers_by_due ON timers (due)`,
];

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
const RESCAN_MS = 100;
/**
 * The furthest alarm, in milliseconds from now: the platform may refuse a later one (about the year 2189). It fires
 * early and is set again.
 */
const LONGEST_ALARM_MS = 100 * 365 * 86_400_000;
/** From this failure on, each failure is logged as an error instead of a warning. */
const ALARMING_ATTEMPTS = 5;

/**
 * The wait after failure number `attempts` (from 1), in milliseconds: 1 s, 2 s, 4 s … up to 60 s. Half of it is random,
 * so that thousands of objects do not retry a broken queue at the same moment.
 * @param chance in [0, 1).
 */
export function backoffMs(attempts: number, chance: number): number {
  const whole = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(attempts - 1, 16));
  return Math.round(whole / 2 + (whole / 2) * chance);
}

export class TimerTable<Kind extends string> implements TimerSetter<Kind> {
  readonly #options: TimerTableOptions;
  readonly #boundMs: number;
  #handlers: ReadonlyMap<string, TimerHandler> = new Map();

  constructor(options: TimerTableOptions) {
    this.#options = options;
    this.#boundMs = options.handlerBoundMs ?? 10_000;
    runSchemaSteps(options.storage, { timers: STEPS });
  }

  /** Sets a timer, or moves an existing one. `due` in milliseconds since the epoch. */
  set(kind: Kind, key: string, due: number): void {
    this.#options.storage.sql.exec(
      `INSERT INTO timers (kind, key, due) VALUES (?, ?, ?)
       ON CONFLICT (kind, key) DO UPDATE SET due = excluded.due, attempts = 0, revision = revision + 1`,
      kind,
      key,
      Math.ceil(due),
    );
    this.rearm();
  }

  /** Sets a timer unless it exists (due or backing off); then it costs one look-up and no write. */
  ensure(kind: Kind, key: string, due: number): void {
    if (this.get(kind, key) === undefined) this.set(kind, key, due);
  }

  cancel(kind: Kind, key: string): void {
    this.#options.storage.sql.exec("DELETE FROM timers WHERE kind = ? AND key = ?", kind, key);
  }

  get(kind: Kind, key: string): Timer | undefined {
    const [row] = this.#options.storage.sql
      .exec<TimerRow>("SELECT * FROM timers WHERE kind = ? AND key = ?", kind, key)
      .toArray();
    return row === undefined ? undefined : asTimer(row);
  }

  /** All timers, the next one first. */
  all(): readonly Timer[] {
    const rows = this.#options.storage.sql
      .exec<TimerRow>("SELECT * FROM timers ORDER BY due, kind, key")
      .toArray();
    return rows.map(asTimer);
  }

  /**
   * To be called at the end of the constructor: takes the handlers, and makes sure that the alarm is set if there is a
   * timer. Waits for nothing.
   */
  start(handlers: TimerHandlers<Kind>): void {
    this.#handlers = new Map<string, TimerHandler>(Object.entries(handlers));
    if (this.#earliest() === null) return;
    this.#rearmIfLost().catch((fault: unknown) => this.#logFault("timers.start_failed", fault));
  }

  /** Sets the alarm to the earliest timer. In the same turn as the writes of rows, it commits with them. */
  rearm(): void {
    const earliest = this.#earliest();
    if (earliest === null) return;
    this.#options.storage
      .setAlarm(Math.min(earliest, this.#options.clock.now() + LONGEST_ALARM_MS))
      .catch((fault: unknown) => this.#logFault("timers.rearm_failed", fault));
  }

  async #rearmIfLost(): Promise<void> {
    const standing = await this.#options.storage.getAlarm();
    const earliest = this.#earliest();
    if (earliest !== null && (standing === null || standing > earliest)) this.rearm();
  }

  /** For `alarm()`: runs all due handlers, each by itself, and sets the alarm again. Never throws. */
  async fire(): Promise<void> {
    try {
      await this.#runDue();
    } catch (fault) {
      this.#logFault("timers.fire_failed", fault);
    }
    try {
      this.rearm();
    } catch (fault) {
      this.#logFault("timers.rearm_failed", fault);
    }
  }

  /**
   * Runs due handlers. The platform sends no alarm while one is being handled. So while a slow handler runs, timers
   * that fall due meanwhile are started here, checked every `RESCAN_MS`.
   */
  async #runDue(): Promise<void> {
    const { clock, timers } = this.#options;
    const end = clock.now() + this.#boundMs;
    const running = new Map<string, Promise<void>>();
    for (;;) {
      for (const row of this.#due()) {
        const name = JSON.stringify([row.kind, row.key]);
        if (!running.has(name))
          running.set(
            name,
            this.#run(row).finally(() => running.delete(name)),
          );
      }
      const all = Promise.all(running.values());
      const finished = await inTime(
        timers,
        RESCAN_MS,
        all.then(() => true),
        false,
      );
      if (finished) return;
      if (clock.now() >= end) {
        await all;
        return;
      }
    }
  }

  async #run(row: TimerRow): Promise<void> {
    const { timers } = this.#options;
    const handler = this.#handlers.get(row.kind);
    try {
      if (handler === undefined) throw new Error("no handler for this kind");
      const next = await within(timers, this.#boundMs, (async () => handler(asTimer(row)))());
      this.#finish(row, next ?? undefined);
    } catch (fault) {
      this.#backOff(row, fault);
    }
  }

  /** The revision tells whether the timer was set again while its handler ran; then the new setting stays. */
  #finish(row: TimerRow, next: number | undefined): void {
    const { sql } = this.#options.storage;
    if (next === undefined) {
      sql.exec(
        "DELETE FROM timers WHERE kind = ? AND key = ? AND revision = ?",
        row.kind,
        row.key,
        row.revision,
      );
      return;
    }
    sql.exec(
      `UPDATE timers SET due = ?, attempts = 0, revision = revision + 1
       WHERE kind = ? AND key = ? AND revision = ?`,
      Math.ceil(next),
      row.kind,
      row.key,
      row.revision,
    );
  }

  #backOff(row: TimerRow, fault: unknown): void {
    const { storage, clock, random, log } = this.#options;
    const attempts = row.attempts + 1;
    const [byte = 0] = random.bytes(1);
    const wait = backoffMs(attempts, byte / 256);
    storage.sql.exec(
      `UPDATE timers SET due = ?, attempts = ?, revision = revision + 1
       WHERE kind = ? AND key = ? AND revision = ?`,
      clock.now() + wait,
      attempts,
      row.kind,
      row.key,
      row.revision,
    );
    log.write(attempts < ALARMING_ATTEMPTS ? "warn" : "error", "timer.failed", {
      kind: row.kind,
      key: row.key,
      attempts,
      retry_in_ms: wait,
      fault: textOf(fault),
    });
  }

  #due(): TimerRow[] {
    return this.#options.storage.sql
      .exec<TimerRow>(
        "SELECT * FROM timers WHERE due <= ? ORDER BY due, kind, key",
        this.#options.clock.now(),
      )
      .toArray();
  }

  #earliest(): number | null {
    return this.#options.storage.sql.exec<{ due: number | null }>("SELECT min(due) AS due FROM timers").one()
      .due;
  }

  #logFault(event: string, fault: unknown): void {
    this.#options.log.write("error", event, { fault: textOf(fault) });
  }
}

const asTimer = ({ kind, key, due, attempts }: TimerRow): Timer => ({ kind, key, due, attempts });

const textOf = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));
