/**
 * The scheduled sweep: what an object's own timers should have done and did not. Wakes the objects whose audit rows in
 * D1 are old, forgets answers past their keeping time, and rotates signing keys that are due.
 */
import { isId } from "../kernel/ids.ts";
import { ownersWithOldAudit } from "../storage/audit-outbox.ts";
import { sweepAnswers } from "../storage/idempotency.ts";
import type { OperationPorts } from "./ports.ts";
import { rotateDueSigningKeys } from "./signing-keys.ts";

const OLD_MS = 60_000;
const OWNERS_PER_SWEEP = 100;

export async function sweep(ports: OperationPorts): Promise<void> {
  const { clock, log, db, owners } = ports;
  await sweepAnswers(db, clock.now());
  const late = await ownersWithOldAudit(db, clock.now() - OLD_MS, OWNERS_PER_SWEEP);
  for (const owner of late) {
    log.write("warn", "audit.outbox_late", { owner });
    if (isId("agt", owner)) await owners.agent(owner).drainAudit();
    else if (isId("wsp", owner)) await owners.workspace(owner).drainAudit();
    else await owners.org().drainAudit();
  }
  await rotateDueSigningKeys(ports);
}
