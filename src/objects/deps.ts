/** The dependencies of the Durable Objects, from the composition root. */
import type { Carrier } from "../audit/carrier.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import type { IdSource } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { EvidenceReport } from "../operations/owners/workspace-owner.ts";
import type { Owners } from "../operations/owners/owners.ts";
import type { Database } from "../storage/client.ts";

/** The dependencies of a ledger. */
export interface LedgerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  /** The greatest size of a ledger, in bytes. */
  readonly capacity: number;
  /** The owners that are told how full the ledger is. */
  readonly owners: Pick<Owners, "workspace" | "org">;
}

/** Whether a ledger has room for evidence. */
export interface LedgerRoom {
  evidence(ledger: string): Promise<EvidenceReport>;
}

/** The dependencies of an owner object. */
export interface ObjectDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly ids: IdSource;
  readonly db: Database;
  /** Delivers the records of outboxes. */
  readonly carrier: Carrier;
  /**
   * Other agents' objects, for a stop with all descendants; the workspace's object, for the free space of its ledger.
   */
  readonly owners: Pick<Owners, "agent" | "workspace">;
  readonly ledgers: LedgerRoom;
}
