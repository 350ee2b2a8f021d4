/**
 * How full a ledger is, and who is told. The step is kept in the ledger; a change of it is brought to the workspace's
 * object by a timer until that has it. The object carries it in its lease, and asks by itself while it is not `ok`.
 */
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { evidenceLevel } from "../lifecycle/evidence.ts";
import type { EvidenceReport } from "../operations/owners/workspace-owner.ts";
import type { LedgerFacts } from "./ledger-facts.ts";
import type { TimerSetter } from "./timer-table.ts";

interface LedgerFillDeps {
  readonly ledger: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly facts: LedgerFacts;
  readonly timerTable: TimerSetter<"evidence">;
  /** In bytes. */
  readonly capacity: number;
  /** The size of the ledger's database in bytes. */
  readonly bytes: () => number;
  readonly report: (report: EvidenceReport) => Promise<void>;
}

/** The ledger takes nothing more; what is brought stays where it is, and is brought again. */
export class LedgerFull extends Error {
  override readonly name = "LedgerFull";
  constructor(ledger: string, bytes: number) {
    super(`ledger_full: ${ledger} has ${bytes} bytes; raise DOME_LEDGER_CAPACITY`);
  }
}

/** What SQLite says when it cannot grow: the object's limit, or the disk's. */
const isStorageFull = (fault: unknown): boolean =>
  fault instanceof Error && /SQLITE_FULL|database or disk is full/i.test(fault.message);

export class LedgerFill {
  readonly #deps: LedgerFillDeps;
  /** The storage itself has refused to grow; told to the workspace at once, because it cannot be written down. */
  #refused = false;

  constructor(deps: LedgerFillDeps) {
    this.#deps = deps;
  }

  /** @throws LedgerFull when the capacity is used up. */
  guard(): void {
    const { bytes, capacity, ledger } = this.#deps;
    const size = bytes();
    if (size >= capacity) throw new LedgerFull(ledger, size);
  }

  /** Looks how full the ledger is, after an append and in the constructor; a new step is written down and told. */
  look(): EvidenceReport {
    const { facts, bytes, capacity, ledger, log, timerTable, clock } = this.#deps;
    const before = facts.evidence();
    const size = bytes();
    const level = evidenceLevel(size, capacity, before);
    if (level !== before || this.#refused) {
      facts.setEvidence(level);
      timerTable.set("evidence", "", clock.now());
      this.#refused = false;
      log.write(SEVERITY[level], `ledger.evidence_${level}`, { ledger, bytes: size, capacity });
    }
    return { level, at: clock.now() };
  }

  /** The answer to the workspace's object when it asks. */
  report(): EvidenceReport {
    return this.#refused ? { level: "full", at: this.#deps.clock.now() } : this.look();
  }

  /** A write has failed. When that was for want of room, the workspace is told that the ledger is full. */
  failed(fault: unknown): void {
    const { ledger, log, clock, report } = this.#deps;
    if (!isStorageFull(fault)) return;
    if (!this.#refused) log.write("error", "ledger.storage_full", { ledger, fault: String(fault) });
    this.#refused = true;
    // No timer can be set where nothing can be written. A report that is lost is made anew at the next try to append.
    report({ level: "full", at: clock.now() }).catch((unreached: unknown) => {
      log.write("error", "ledger.report_failed", { ledger, fault: String(unreached) });
    });
  }

  /** Timer `evidence`: tells the workspace's object. */
  async tell(): Promise<void> {
    await this.#deps.report(this.report());
  }
}

const SEVERITY = { ok: "info", alarm: "warn", full: "error" } as const;
