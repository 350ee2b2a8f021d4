/**
 * The scheduled sweep: what an object's own timers should have done and did not. Wakes the objects whose audit rows in
 * D1 are old, and forgets answers past their keeping time.
 */
import type { Clock } from "../kernel/clock.ts";
import { isId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import { ownersWithOldAudit } from "../storage/audit-outbox.ts";
import type { Database } from "../storage/client.ts";
import { sweepAnswers } from "../storage/idempotency.ts";
import type { Owners } from "./owners.ts";

const OLD_MS = 60_000;
const OWNERS_PER_SWEEP = 100;

export interface SweepPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly db: Database;
  readonly owners: Owners;
}

export async function sweep({ clock, log, db, owners }: SweepPorts): Promise<void> {
  await sweepAnswers(db, clock.now());
  const late = await ownersWithOldAudit(db, clock.now() - OLD_MS, OWNERS_PER_SWEEP);
  for (const owner of late) {
    log.write("warn", "audit.outbox_late", { owner });
    if (isId("agt", owner)) await owners.agent(owner).drainAudit();
    else if (isId("wsp", owner)) await owners.workspace(owner).drainAudit();
    else await owners.org().drainAudit();
  }
}
