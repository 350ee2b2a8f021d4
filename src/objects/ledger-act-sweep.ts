/**
 * Closes open acts as `unknown`, when no outcome can arrive any more (P8). The ledger is the producer of these records,
 * with numbers of its own. A timer stands at the first end; while nothing is open, there is none.
 */
import { unknownOutcome } from "../audit/open-act.ts";
import { numberRecord } from "../audit/record.ts";
import type { AuditRecord } from "../contract/audit.ts";
import type { Clock } from "../kernel/clock.ts";
import { idSource } from "../kernel/ids.ts";
import type { Random } from "../kernel/random.ts";
import type { LedgerOpenActs } from "./ledger-open-acts.ts";
import type { LedgerProducers } from "./ledger-producers.ts";
import type { TimerSetter } from "./timer-table.ts";

interface ActSweepDeps {
  readonly ledger: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly openActs: LedgerOpenActs;
  readonly producers: LedgerProducers;
  readonly timerTable: TimerSetter<"acts">;
  readonly append: (records: readonly AuditRecord[]) => void;
}

/** The most that are closed in one turn, because an object answers one call at a time. */
const AT_ONCE = 100;

export class LedgerActSweep {
  readonly #deps: ActSweepDeps;

  constructor(deps: ActSweepDeps) {
    this.#deps = deps;
  }

  /** To be called after an append: a new act may be the first that ends. */
  look(): void {
    const { openActs, timerTable } = this.#deps;
    const end = openActs.nextEnd();
    if (end === null) return;
    const set = timerTable.get("acts", "");
    if (set === undefined || (set.attempts === 0 && end < set.due)) timerTable.set("acts", "", end);
  }

  /**
   * Timer `acts`.
   * @returns when to run again; undefined when nothing is open.
   * @throws what the append throws, a full ledger for instance: then the acts stay open.
   */
  run(): number | undefined {
    const { ledger, clock, random, openActs, producers, append } = this.#deps;
    const overdue = openActs.overdue(clock.now(), AT_ONCE);
    if (overdue.length > 0) {
      const producer = `ledger:${ledger}`;
      const { highest } = producers.numbers(producer);
      const source = { clock, ids: idSource(clock, random) };
      append(
        overdue.map((intent, at) => {
          const draft = unknownOutcome(source, intent);
          return numberRecord(draft, producer, highest + at + 1);
        }),
      );
    }
    return openActs.nextEnd() ?? undefined;
  }
}
