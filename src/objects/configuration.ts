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
 *
 * Changes that arrive at the same moment are made one after the other (`turns.ts`). Each is drawn when its turn comes,
 * from what the object contains then. The wait is short: no change waits for a database that does not answer.
 */
import type { AuditDraft } from "../contract/audit.ts";
import { inTime, type Clock, type Timers } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import {
  MOST_WAITING_CHANGES,
  type Configured,
  type OwnerRefusal,
} from "../operations/owners/owner-answer.ts";
import { appendAudit } from "../storage/audit-outbox.ts";
import type { Statement } from "../storage/change.ts";
import { runChange } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { findAnswer, type RequestKey } from "../storage/idempotency.ts";
import type { AnswerTable } from "./answer-table.ts";
import type { SchemaStep } from "./schema-steps.ts";
import type { TimerSetter } from "./timer-table.ts";
import { Turns } from "./turns.ts";

/** The time after which the outcome of a batch counts as unknown, in milliseconds. */
const BATCH_BOUND_MS = 8_000;
/** The longest wait of a change for the changes before it, in milliseconds. Most outcomes are known much sooner. */
const MOST_WAIT_MS = 3_000;
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

/** A change as it is drawn when its turn comes: its intent, and its batch without the guard. */
export interface Drawn<Intent> {
  readonly intent: Intent;
  /** The owner whose object drains the audit records. */
  readonly owner: string;
  readonly content: readonly Statement[];
  /** The statement that stores the answer for a repeat; empty for a request without a key. */
  readonly answer: readonly Statement[];
  readonly audit: readonly AuditDraft[];
}

/** Why no change can be made now: the changes before it take too long, or the last one is not settled. */
type NotReady = Extract<OwnerRefusal, { readonly kind: "busy" | "unsettled" }>;

export class Configuration<Intent> {
  readonly #deps: ConfigurationDeps<Intent>;
  readonly #turns: Turns;
  /** The change that this instance is running; its mark must not be recovered meanwhile. */
  #running: string | null = null;

  constructor(deps: ConfigurationDeps<Intent>) {
    this.#deps = deps;
    this.#turns = new Turns(deps.timers, { most: MOST_WAITING_CHANGES, mostMs: MOST_WAIT_MS });
  }

  /** The dirty mark: a change whose outcome is not settled. */
  dirty(): { readonly change: string; readonly intent: Intent } | null {
    const [row] = this.#deps.storage.sql
      .exec<{ change: string; intent: string }>("SELECT change, intent FROM dirty WHERE one = 1")
      .toArray();
    return row === undefined ? null : { change: row.change, intent: JSON.parse(row.intent) as Intent };
  }

  /**
   * Makes one change when its turn comes, with its audit records and the answer to repeat in the same batch.
   * @param change the id of the change in D1.
   * @param request the request, if it belongs to this object: its key is taken, and freed again when the change does not
   * happen. Null when there is none, or it belongs to another object.
   * @param draw called while no other change runs; when it refuses, nothing is changed.
   */
  async change(
    change: string,
    request: RequestKey | null,
    draw: () => Result<Drawn<Intent>, OwnerRefusal>,
  ): Promise<Configured> {
    const { answers } = this.#deps;
    const turn = await this.#inTurn(async (): Promise<Configured> => {
      // The first attempt of the same request may have been made while this one waited (P12).
      const earlier =
        request !== null && answers.isTaken(request)
          ? await this.#inTime(this.#answered(request), err({ kind: "unsettled" } as const))
          : null;
      if (earlier !== null) return earlier;
      const drawn = draw();
      return drawn.ok ? this.#run(change, request, drawn.value) : drawn;
    });
    return turn.ok ? turn.value : turn;
  }

  async #run(change: string, request: RequestKey | null, drawn: Drawn<Intent>): Promise<Configured> {
    const { storage, db, clock, timerTable, answers, fencing, apply } = this.#deps;
    const { intent, owner, content, answer, audit } = drawn;
    const records = appendAudit(db, owner, audit, clock.now());
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
      if (!begun) return err({ kind: "other_body" });
      await storage.sync(); // the mark is on disk before D1 hears of the change
      const batch = runChange(db, [fencing(intent).guard(db), ...content, ...answer, ...records]);
      const outcome = await this.#inTime(batch, { kind: "unknown", cause: "no answer in time" } as const);
      if (outcome.kind === "applied") {
        this.#settle(() => apply(intent));
        this.#deps.onSettled();
        return ok({ kind: "done" });
      }
      if (outcome.kind === "refused" && outcome.rule !== "fence_moved") {
        this.#settle(() => answers.free(change));
        return err({ kind: "rule", rule: outcome.rule });
      }
      this.#logUnsettled(change, outcome.kind === "unknown" ? outcome.cause : outcome.rule);
    } finally {
      this.#running = null;
    }
    return err({ kind: "unsettled" });
  }

  /** Runs `act` while no other change runs, after any change that a crash or a lost answer left has been settled. */
  async #inTurn<T>(act: () => Promise<T>): Promise<Result<T, NotReady>> {
    if (!(await this.#turns.take())) return err({ kind: "busy" });
    try {
      const isClean = this.dirty() === null || (await this.#inTime(this.recover(), false));
      if (!isClean) return err({ kind: "unsettled" });
      return ok(await act());
    } finally {
      this.#turns.pass();
    }
  }

  /** Bounds the time that D1 can hold a turn. */
  #inTime<T, U>(pending: Promise<T>, otherwise: U): Promise<T | U> {
    return inTime(this.#deps.timers, BATCH_BOUND_MS, pending, otherwise);
  }

  /** Waits for the changes that arrived earlier. @returns null when they have ended and each is settled. */
  async settled(): Promise<NotReady | null> {
    const turn = await this.#inTurn(() => Promise.resolve());
    return turn.ok ? null : turn.error;
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

  /** The stored answer of a change under this key; read only when no change is unsettled (P12). */
  async repeated(request: RequestKey | null): Promise<Configured | null> {
    const notReady = await this.settled();
    if (notReady !== null) return err(notReady);
    const answer = request === null ? null : await this.#answered(request);
    // The answer may be of a change that has begun meanwhile: no answer is given before its effect.
    const late = answer === null || this.dirty() === null ? null : await this.settled();
    return late === null ? answer : err(late);
  }

  /** The stored answer under this key; null when there is none. */
  async #answered(request: RequestKey): Promise<Configured | null> {
    const { answers, db } = this.#deps;
    if (answers.isOther(request)) return err({ kind: "other_body" });
    const answer = await findAnswer(db, request);
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
