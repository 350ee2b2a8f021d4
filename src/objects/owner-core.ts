/**
 * The part that all owner objects share: storage with its schema, one table of timers, halts that become effective, an
 * outbox that is relayed to the ledger, and answers for repeats. A shell makes the core first, then its own parts over
 * `parts`, and ends its constructor with `start`, which takes all callbacks.
 */
import type { z } from "zod";
import type { AuditDraft } from "../contract/audit.ts";
import type { HaltId } from "../kernel/ids.ts";
import type { Result } from "../kernel/result.ts";
import type { StoredHalt } from "../operations/owners/halts.ts";
import type { OwnerRefusal } from "../operations/owners/owner-answer.ts";
import type { RequestKey } from "../storage/idempotency.ts";
import { answerOnce } from "./answer-once.ts";
import { ANSWER_STEPS, AnswerTable } from "./answer-table.ts";
import { Configuration, CONFIGURATION_STEPS, type ConfigurationRules } from "./configuration.ts";
import type { ObjectDeps } from "./deps.ts";
import { HALT_STEPS, HaltTable } from "./halt-table.ts";
import { OutboxRelay, type RelayTimer } from "./outbox-relay.ts";
import { Outbox } from "./outbox.ts";
import { runSchemaSteps, type SchemaParts } from "./schema-steps.ts";
import { TimerTable, type TimerHandlers, type TimerSetter } from "./timer-table.ts";

/** The kinds of timers that every owner has. */
type CoreTimer = RelayTimer | "halt" | "recover";

const CORE_SCHEMA: SchemaParts = {
  answers: ANSWER_STEPS,
  configuration: CONFIGURATION_STEPS,
  halts: HALT_STEPS,
};

/** The data of an owner's functions, each of which runs inside one transaction of the object. */
export interface OwnerParts<Kind extends string> {
  readonly deps: ObjectDeps;
  readonly sql: SqlStorage;
  readonly halts: HaltTable;
  readonly outbox: Outbox;
  readonly timerTable: TimerSetter<Kind>;
}

/** The callbacks into the shell. */
interface OwnerStart<Kind extends string> {
  readonly timers: TimerHandlers<Kind>;
  /** Called inside the transaction that makes a halt effective; writes its audit record. */
  readonly onEffective: (halt: StoredHalt) => void;
  /** Settles a change of configuration that a crash left open. False when that is not possible yet. */
  readonly recover: () => Promise<boolean>;
  /** Called in the turn of a commit, and when an instance begins, to send events to followers. */
  readonly onCommitted?: () => void;
}

/** @typeParam Kind the kinds of timers of this owner, in addition to the core's. */
export class OwnerCore<Kind extends string> {
  readonly parts: OwnerParts<Kind>;
  readonly relay: OutboxRelay;
  readonly storage: DurableObjectStorage;
  readonly #answers: AnswerTable;
  readonly #timerTable: TimerTable<Kind | CoreTimer>;
  readonly #producer: string;
  #onCommitted: () => void = () => undefined;

  /**
   * @param producer the part before the object's name in `producer` of its records.
   * @param schema the owner's own parts.
   */
  constructor(
    state: DurableObjectState,
    deps: ObjectDeps,
    producer: "agent" | "workspace",
    schema: SchemaParts,
  ) {
    const { storage } = state;
    const { name } = state.id;
    if (name === undefined) throw new Error("an owner object is reached by its name only");
    runSchemaSteps(storage, { ...CORE_SCHEMA, ...schema });
    const timerTable = new TimerTable<Kind | CoreTimer>({ ...deps, storage });
    this.#producer = `${producer}:${name}`;
    const outbox = new Outbox(storage, this.#producer);
    const halts = new HaltTable({ ...deps, storage, timerTable });
    this.storage = storage;
    this.#timerTable = timerTable;
    this.#answers = new AnswerTable(storage.sql);
    this.relay = new OutboxRelay({ ...deps, storage, timerTable, outbox, owner: name });
    this.parts = { deps, sql: storage.sql, halts, outbox, timerTable };
  }

  /**
   * Changes of configuration by these rules. When one is settled, its audit rows in D1 are drained, and its halts begin
   * to wait.
   */
  configuration<Intent>(rules: ConfigurationRules<Intent>): Configuration<Intent> {
    const { deps, halts } = this.parts;
    const onSettled = (): void => {
      this.#tellCommitted();
      this.relay.d1Soon();
      halts.startWaits();
    };
    return new Configuration<Intent>({
      ...deps,
      ...rules,
      storage: this.storage,
      timerTable: this.#timerTable,
      answers: this.#answers,
      onSettled,
    });
  }

  /** To be called at the end of the constructor. */
  start({ timers, onEffective, recover, onCommitted }: OwnerStart<Kind>): void {
    this.#onCommitted = onCommitted ?? this.#onCommitted;
    const { halts } = this.parts;
    const core: TimerHandlers<CoreTimer> = {
      ...this.relay.handlers,
      halt: (timer) => halts.onTimer(timer.key),
      recover: async () => {
        if (!(await recover())) throw new Error("the configuration is not settled yet");
      },
    };
    halts.start(onEffective);
    // The compiler cannot infer that the two together have every member of a generic union.
    this.#timerTable.start({ ...timers, ...core } as TimerHandlers<Kind | CoreTimer>);
    this.#tellCommitted(); // for what an earlier instance committed and did not tell
  }

  /** For `alarm()`. */
  fire(): Promise<void> {
    return this.#timerTable.fire();
  }

  /** Adds an audit record, inside the transaction of the change it describes. */
  append(draft: AuditDraft): void {
    this.parts.outbox.append(draft);
    this.relay.soon();
  }

  /** Runs a change with its records as one transaction, durable when it resolves; then its halts begin to wait. */
  async commit<T>(change: () => T): Promise<T> {
    const outcome = this.storage.transactionSync(() => {
      const result = change();
      this.relay.soon();
      return result;
    });
    this.#tellCommitted();
    await this.storage.sync();
    this.parts.halts.startWaits();
    return outcome;
  }

  /**
   * Takes an Idempotency-Key for a request that another object carries out. Durable when it resolves.
   * @param by the id that frees the key again.
   * @returns false when another request was made under the key.
   */
  async takeKey(request: RequestKey, by: string): Promise<boolean> {
    const isFree = this.storage.transactionSync(() => {
      if (this.#answers.isOther(request)) return false;
      this.#answers.take(request, by, this.parts.deps.clock.now());
      return true;
    });
    await this.storage.sync();
    return isFree;
  }

  /** Frees a key whose request did not happen. */
  async freeKey(by: string): Promise<void> {
    this.#answers.free(by);
    await this.storage.sync();
  }

  /**
   * Runs a command once: a repeat gets the stored answer; the first call has its effect, its records and its answer in
   * one transaction, and its halt begins to wait.
   */
  async once<T extends { readonly halt: HaltId | null }>(
    request: RequestKey | null,
    schema: z.ZodType<T>,
    run: () => Result<T, OwnerRefusal>,
  ): Promise<Result<T, OwnerRefusal>> {
    const { clock } = this.parts.deps;
    const once = {
      storage: this.storage,
      clock,
      answers: this.#answers,
      done: () => this.relay.soon(),
      committed: () => this.#tellCommitted(),
    };
    const outcome = await answerOnce(once, request, schema, run);
    if (outcome.ok && outcome.value.halt !== null) this.parts.halts.startWait(outcome.value.halt);
    return outcome;
  }

  /**
   * Tells followers of a commit. A failure to tell them fails no command, and delays no halt (P3), because the change
   * has already happened.
   */
  #tellCommitted(): void {
    try {
      this.#onCommitted();
    } catch (fault) {
      this.parts.deps.log.write("error", "owner.listeners_failed", {
        producer: this.#producer,
        fault: String(fault),
      });
    }
  }
}
