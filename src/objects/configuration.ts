/**
 * How an owner object changes configuration in D1 and always finds out whether it did (design part 4).
 *
 *   1. Write the dirty mark: the intent, and its fence.                     (One transaction of the object.)
 *   2. Send one D1 batch that begins with the guard.                        (Applied, refused by name, or unknown.)
 *   3. Apply the change to the object's own row, raise the version, and remove the mark.  (One transaction.)
 *
 * A crash before 2 leaves only the mark. A crash, a time-out or a lost answer after it leaves the mark and perhaps the
 * change. Recovery then moves the fence, so that a batch still under way cannot land any more, asks D1 whether the
 * batch landed, and does 3. Until then, leases continue at the old version, and further changes are refused.
 */
import type { AuditDraft } from "../contract/audit.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { err, ok } from "../kernel/result.ts";
import type { Configured } from "../operations/owners/owner-answer.ts";
import { appendAudit } from "../storage/audit-outbox.ts";
import type { BrokenRule, Statement } from "../storage/change.ts";
import { runChange } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { findAnswer, type RequestKey } from "../storage/idempotency.ts";
import type { AnswerTable } from "./answer-table.ts";
import type { SchemaStep } from "./schema-steps.ts";
import type { TimerSetter } from "./timer-table.ts";

/** The time after which the outcome of a batch counts as unknown, in milliseconds. */
const BATCH_BOUND_MS = 8_000;
/** The time until recovery is first tried, if no request causes it earlier, in milliseconds. */
const RECOVER_AFTER_MS = 10_000;

export const CONFIGURATION_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE dirty (one INTEGER PRIMARY KEY CHECK (one = 1), change TEXT NOT NULL, intent TEXT NOT NULL) STRICT`,
];

/** Distinguishes one attempt from another in D1, for one intent. */
export interface Fencing {
  /** The first statement of the batch: aborts it unless this attempt may still land. */
  guard(db: Database): Statement;
  /** Prevents every batch of this attempt from landing later. Repeatable. */
  advance(db: Database): Promise<void>;
  /** Whether the batch of this change has landed. Called only after `advance`. */
  landed(db: Database, change: string): Promise<boolean>;
}

/** How the intents of one kind of owner are fenced and applied. */
export interface ConfigurationRules<Intent> {
  /** The fence of an intent. */
  fencing(intent: Intent): Fencing;
  /** Step 3 for a change that landed, inside the object's transaction. Raises the version. */
  apply(intent: Intent): void;
  /** Step 3 for a change that did not land, after its fence has moved. Raises the version, for safety. */
  abandon(intent: Intent): void;
}

interface ConfigurationDeps<Intent> extends ConfigurationRules<Intent> {
  readonly storage: DurableObjectStorage;
  readonly db: Database;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly timerTable: TimerSetter<"recover">;
  readonly answers: AnswerTable;
  /**
   * Called after a change was settled, outside its transaction: D1 may hold audit records, and halts may have begun.
   */
  onSettled(): void;
}

type ConfigurationOutcome =
  | { readonly kind: "applied" }
  | { readonly kind: "refused"; readonly rule: BrokenRule }
  /** Another request was made under the same key. */
  | { readonly kind: "other_body" }
  /** An earlier change is not settled, or the outcome of this one is unknown and may still be "applied". */
  | { readonly kind: "unsettled" };

/** The batch of a change, without its guard. */
interface ChangeBatch {
  /** The owner whose object drains the audit records. */
  readonly owner: string;
  readonly content: readonly Statement[];
  /**
   * The request, if it belongs to this object: its key is taken here too. Null when there is none, or it belongs to
   * another object.
   */
  readonly request: RequestKey | null;
  /** The statement that stores the answer for a repeat; empty for a request without a key. */
  readonly answer: readonly Statement[];
  readonly audit: readonly AuditDraft[];
}

export class Configuration<Intent> {
  readonly #deps: ConfigurationDeps<Intent>;
  /** The change that this instance is running; its mark must not be recovered meanwhile. */
  #running: string | null = null;

  constructor(deps: ConfigurationDeps<Intent>) {
    this.#deps = deps;
  }

  /** The dirty mark: a change whose outcome is not settled. */
  dirty(): { readonly change: string; readonly intent: Intent } | null {
    const [row] = this.#deps.storage.sql
      .exec<{ change: string; intent: string }>("SELECT change, intent FROM dirty WHERE one = 1")
      .toArray();
    return row === undefined ? null : { change: row.change, intent: JSON.parse(row.intent) as Intent };
  }

  /**
   * Runs one change.
   * @param statements the batch without its guard: change, audit records, answer.
   * @param request its key is taken, and freed again when the change does not happen.
   */
  async run(
    change: string,
    intent: Intent,
    statements: readonly Statement[],
    request: RequestKey | null = null,
  ): Promise<ConfigurationOutcome> {
    const { storage, db, clock, timers, timerTable, answers, fencing, apply } = this.#deps;
    if (this.dirty() !== null) {
      await this.recover();
      if (this.dirty() !== null) return { kind: "unsettled" };
    }
    this.#running = change; // before the mark, so that the mark is not taken for one left by a crash
    try {
      const begun = storage.transactionSync(() => {
        if (request !== null && answers.isOther(request)) return false;
        if (request !== null) answers.take(request, change, clock.now());
        storage.sql.exec(
          "INSERT INTO dirty (one, change, intent) VALUES (1, ?, ?)",
          change,
          JSON.stringify(intent),
        );
        timerTable.set("recover", "", clock.now() + RECOVER_AFTER_MS);
        return true;
      });
      if (!begun) return { kind: "other_body" };
      await storage.sync(); // the mark is on disk before D1 hears of the change
      const outcome = await Promise.race([
        runChange(db, [fencing(intent).guard(db), ...statements]),
        timers.sleep(BATCH_BOUND_MS).then(() => ({ kind: "unknown", cause: "no answer in time" }) as const),
      ]);
      if (outcome.kind === "applied") {
        this.#settle(() => apply(intent));
        this.#deps.onSettled();
        return outcome;
      }
      if (outcome.kind === "refused" && outcome.rule !== "fence_moved") {
        this.#settle(() => answers.free(change));
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
   * @returns true when no change is unsettled any more.
   */
  async recover(): Promise<boolean> {
    const { db, answers, fencing, apply, abandon } = this.#deps;
    const mark = this.dirty();
    if (mark === null) return true;
    if (this.#running === mark.change) return false;
    const fence = fencing(mark.intent);
    try {
      await fence.advance(db);
      const landed = await fence.landed(db, mark.change);
      if (this.dirty()?.change !== mark.change) return this.dirty() === null;
      this.#settle(() => {
        if (landed) return apply(mark.intent);
        abandon(mark.intent);
        answers.free(mark.change);
      });
      this.#deps.onSettled();
      return true;
    } catch (fault) {
      this.#logUnsettled(mark.change, fault);
      return false;
    }
  }

  /**
   * Runs one change, with the answer to repeat and its audit records in the same batch.
   * @param change the id of the change in D1.
   */
  async change(change: string, intent: Intent, batch: ChangeBatch): Promise<Configured> {
    const { db, clock } = this.#deps;
    const statements = [
      ...batch.content,
      ...batch.answer,
      ...batch.audit.flatMap((draft) => appendAudit(db, batch.owner, draft, clock.now())),
    ];
    const outcome = await this.run(change, intent, statements, batch.request);
    switch (outcome.kind) {
      case "applied":
        return ok({ kind: "done" });
      case "refused":
        return err({ kind: "rule", rule: outcome.rule });
      case "other_body":
      case "unsettled":
        return err({ kind: outcome.kind });
    }
  }

  /** The stored answer of a change under this key; read only when no change is unsettled (P12). */
  async repeated(request: RequestKey | null): Promise<Configured | null> {
    if (!(await this.recover())) return err({ kind: "unsettled" });
    if (request !== null && this.#deps.answers.isOther(request)) return err({ kind: "other_body" });
    const answer = request === null ? undefined : await findAnswer(this.#deps.db, request);
    if (answer === undefined) return null;
    if (!answer.sameBody) return err({ kind: "other_body" });
    return ok({ kind: "repeated", status: answer.status, body: answer.body });
  }

  #settle(apply: () => void): void {
    const { storage, timerTable } = this.#deps;
    storage.transactionSync(() => {
      apply();
      storage.sql.exec("DELETE FROM dirty");
      timerTable.cancel("recover", "");
    });
  }

  #logUnsettled(change: string, cause: unknown): void {
    const fault = cause instanceof Error ? cause.message : String(cause);
    this.#deps.log.write("warn", "configuration.unsettled", { change, fault });
  }
}
