/** What the objects are given by the composition root. */
import type { Carrier } from "../audit/carrier.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import type { IdSource } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import type { EvidenceReport } from "../operations/owners/workspace-owner.ts";
import type { Owners } from "../operations/owners/owners.ts";
import type { Database } from "../storage/client.ts";

/** What a ledger is given. */
export interface LedgerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  /** How many bytes a ledger may take. */
  readonly capacity: number;
  /** Who is told how full it is. */
  readonly owners: Pick<Owners, "workspace" | "org">;
}

/** Whether a ledger has room for evidence. */
export interface LedgerRoom {
  evidence(ledger: string): Promise<EvidenceReport>;
}

/** What an owner object is given. */
export interface ObjectDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly ids: IdSource;
  readonly db: Database;
  /** Where outboxes are drained to. */
  readonly carrier: Carrier;
  /** Other agents' objects, for a stop that takes a family with it; the workspace's, for the room its ledger has. */
  readonly owners: Pick<Owners, "agent" | "workspace">;
  readonly ledgers: LedgerRoom;
}
