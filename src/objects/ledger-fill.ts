/**
 * Watches how full a ledger is, and reports it. The ledger stores its level. A timer reports a change of level to the
 * workspace's object until it arrives. That object carries the level in its lease, and asks by itself while the level
 * is not `ok`.
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
  /** The greatest size of the ledger, in bytes. */
  readonly capacity: number;
  /** The size of the ledger's database in bytes. */
  readonly bytes: () => number;
  readonly report: (report: EvidenceReport) => Promise<void>;
}

/** The ledger accepts no more records; undelivered records stay with their producers and are sent again. */
export class LedgerFull extends Error {
  override readonly name = "LedgerFull";
  constructor(ledger: string, bytes: number) {
    super(`ledger_full: ${ledger} has ${bytes} bytes; raise DOME_LEDGER_CAPACITY`);
  }
}

/** The error of SQLite when the storage cannot grow: the limit of the object or of the disk. */
const isStorageFull = (fault: unknown): boolean =>
  fault instanceof Error && /SQLITE_FULL|database or disk is full/i.test(fault.message);

export class LedgerFill {
  readonly #deps: LedgerFillDeps;
  /** The storage itself cannot grow. The workspace is told at once, because nothing can be stored. */
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

  /** Measures how full the ledger is, after an append and in the constructor; a new level is stored and reported. */
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

  /** The answer when the workspace's object asks. */
  report(): EvidenceReport {
    return this.#refused ? { level: "full", at: this.#deps.clock.now() } : this.look();
  }

  /** To be called when a write failed. If the storage is full, the workspace is told. */
  failed(fault: unknown): void {
    const { ledger, log, clock, report } = this.#deps;
    if (!isStorageFull(fault)) return;
    if (!this.#refused) log.write("error", "ledger.storage_full", { ledger, fault: String(fault) });
    this.#refused = true;
    // Without free storage no timer can be set. A lost report is repeated at the next append.
    report({ level: "full", at: clock.now() }).catch((unreached: unknown) => {
      log.write("error", "ledger.report_failed", { ledger, fault: String(unreached) });
    });
  }

  /** Timer `evidence`: reports the level to the workspace's object. */
  async tell(): Promise<void> {
    await this.#deps.report(this.report());
  }
}

const SEVERITY = { ok: "info", alarm: "warn", full: "error" } as const;
