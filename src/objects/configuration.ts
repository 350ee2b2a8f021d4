/**
 * How an owner object changes configuration in D1 and never loses track of whether it did (design part 4).
 *
 *   1. mark dirty, with what is intended and what fences it         (one transaction of the object)
 *   2. one D1 batch that begins with the guard                      (applied, refused by name, or unknown)
 *   3. apply to the object's own row, raise the version, clear      (one transaction of the object)
 *
 * A crash before 2 leaves a mark and nothing else. A crash, a time-out or a lost answer after it leaves a mark and
 * perhaps the change: then the fence moves first, so that a batch still under way can no longer land, D1 is asked
 * what became of it, and 3 follows. Until then leases go on at the old version, and further changes are refused.
 */
import type { Clock, Timers } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { BrokenRule, Statement } from "../storage/change.ts";
import { runChange } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import type { SchemaStep } from "./schema-steps.ts";
import type { TimerTable } from "./timer-table.ts";

/** After this many milliseconds the outcome of a batch counts as unknown. */
const BATCH_BOUND_MS = 8_000;
/** When recovery is first tried, if the object does not get to it by itself. */
const RECOVER_AFTER_MS = 10_000;

export const CONFIGURATION_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE dirty (one INTEGER PRIMARY KEY CHECK (one = 1), change TEXT NOT NULL, intent TEXT NOT NULL) STRICT`,
];

/** What tells one attempt from another in D1, for one intent. */
export interface Fencing {
  /** First statement of the batch: aborts it unless this attempt may still land. */
  guard(db: Database): Statement;
  /** Makes sure that no batch of this attempt lands from now on. Repeatable. */
  advance(db: Database): Promise<void>;
  /** Whether the batch of this change has landed. Asked only after `advance`. */
  landed(db: Database, change: string): Promise<boolean>;
}

export interface ConfigurationPorts<Intent> {
  readonly storage: DurableObjectStorage;
  readonly db: Database;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly table: TimerTable;
  /** The fence of an intent. */
  fencing(intent: Intent): Fencing;
  /** Step 3 for a change that landed, inside the object's transaction. Raises the version. */
  apply(intent: Intent): void;
  /** Step 3 for a change that did not land, after its fence has moved. Raises the version, for safety. */
  abandon(intent: Intent): void;
  /** After a change was settled, outside of its transaction: D1 may hold audit records, and halts may have begun. */
  settled(): void;
}

export type ConfigurationOutcome =
  | { readonly kind: "applied" }
  | { readonly kind: "refused"; readonly rule: BrokenRule }
  /** An earlier change is not settled, or this one's outcome is unknown; it may still turn out applied. */
  | { readonly kind: "unsettled" };

export class Configuration<Intent> {
  readonly #ports: ConfigurationPorts<Intent>;
  /** The change this very instance is running: its mark is not to be recovered under its feet. */
  #running: string | null = null;

  constructor(ports: ConfigurationPorts<Intent>) {
    this.#ports = ports;
  }

  /** The mark: a change whose outcome is not settled. */
  dirty(): { readonly change: string; readonly intent: Intent } | null {
    const [row] = this.#ports.storage.sql
      .exec<{ change: string; intent: string }>("SELECT change, intent FROM dirty WHERE one = 1")
      .toArray();
    return row === undefined ? null : { change: row.change, intent: JSON.parse(row.intent) as Intent };
  }

  /**
   * Runs one change.
   * @param statements the batch without its guard: change, audit records, answer.
   */
  async run(change: string, intent: Intent, statements: readonly Statement[]): Promise<ConfigurationOutcome> {
    const { storage, db, clock, timers, table, fencing, apply } = this.#ports;
    if (this.dirty() !== null) {
      await this.recover();
      if (this.dirty() !== null) return { kind: "unsettled" };
    }
    this.#running = change; // before the mark: whoever finds it must not take it for one that a crash has left
    try {
      storage.transactionSync(() => {
        storage.sql.exec(
          "INSERT INTO dirty (one, change, intent) VALUES (1, ?, ?)",
          change,
          JSON.stringify(intent),
        );
        table.set("recover", "", clock.now() + RECOVER_AFTER_MS);
      });
      await storage.sync(); // the mark is on disk before D1 hears of the change
      const outcome = await Promise.race([
        runChange(db, [fencing(intent).guard(db), ...statements]),
        timers.sleep(BATCH_BOUND_MS).then(() => ({ kind: "unknown", cause: "no answer in time" }) as const),
      ]);
      if (outcome.kind === "applied") {
        this.#settle(() => apply(intent));
        this.#ports.settled();
        return outcome;
      }
      if (outcome.kind === "refused" && outcome.rule !== "fence_moved") {
        this.#settle(() => undefined);
        return outcome;
      }
      this.#logUnsettled(change, outcome.kind === "unknown" ? outcome.cause : outcome.rule);
    } finally {
      this.#running = null;
    }
    return { kind: "unsettled" };
  }

  /**
   * Settles a mark left by a crash, a time-out or a lost answer. Does nothing while its change is still running here.
   * @returns true when nothing is unsettled any more.
   */
  async recover(): Promise<boolean> {
    const { db, fencing, apply, abandon } = this.#ports;
    const mark = this.dirty();
    if (mark === null) return true;
    if (this.#running === mark.change) return false;
    const fence = fencing(mark.intent);
    try {
      await fence.advance(db);
      const landed = await fence.landed(db, mark.change);
      if (this.dirty()?.change !== mark.change) return this.dirty() === null;
      this.#settle(() => (landed ? apply(mark.intent) : abandon(mark.intent)));
      this.#ports.settled();
      return true;
    } catch (fault) {
      this.#logUnsettled(mark.change, fault);
      return false;
    }
  }

  #settle(apply: () => void): void {
    const { storage, table } = this.#ports;
    storage.transactionSync(() => {
      apply();
      storage.sql.exec("DELETE FROM dirty");
      table.cancel("recover", "");
    });
  }

  #logUnsettled(change: string, cause: unknown): void {
    const fault = cause instanceof Error ? cause.message : String(cause);
    this.#ports.log.write("warn", "configuration.unsettled", { change, fault });
  }
}
