/**
 * The scheduled sweep catches up on work that the timers of objects should have done. It rotates signing keys that are
 * due, wakes the objects whose audit rows in D1 are old, deletes stored answers past their retention time, and lets declared
 * items lapse that agents do not use.
 *
 * Rotation comes first, because without a signing key there are no tokens. Steps and objects are independent: a failure
 * is logged, and the sweep of the next minute tries again.
 */
import { isId } from "../kernel/ids.ts";
import type { KeyUse } from "../signing/jws.ts";
import { ownersWithOldAudit } from "../storage/audit-outbox.ts";
import { sweepAnswers } from "../storage/idempotency.ts";
import type { OperationPorts } from "./request/ports.ts";
import { lapseItems } from "./lapse-items.ts";
import { rotateDueSigningKey } from "./signing-keys.ts";

const KEY_USES: readonly KeyUse[] = ["token", "receipt"];
const OLD_MS = 60_000;
const OWNERS_PER_SWEEP = 100;
/** The interval of the trigger in wrangler.toml, in milliseconds. */
const SWEEP_EVERY_MS = 60_000;
/** Of how many sweeps one looks for declared items that lapse: that is a matter of days. */
const LAPSE_EVERY = 60;

/** Never throws. */
export async function sweep(ports: OperationPorts): Promise<void> {
  const { clock, db } = ports;
  for (const use of KEY_USES) {
    await attempt(ports, "signing_keys", () => rotateDueSigningKey(ports, use), { use });
  }
  await attempt(ports, "audit_outboxes", () => wakeLateOutboxes(ports));
  await attempt(ports, "answers", () => sweepAnswers(db, clock.now()));
  if (Math.floor(clock.now() / SWEEP_EVERY_MS) % LAPSE_EVERY === 0)
    await attempt(ports, "items", () => lapseItems(ports));
}

async function wakeLateOutboxes(ports: OperationPorts): Promise<void> {
  const { clock, log, db } = ports;
  const now = clock.now();
  const turn = { limit: OWNERS_PER_SWEEP, turn: Math.floor(now / SWEEP_EVERY_MS) };
  const late = await ownersWithOldAudit(db, now - OLD_MS, turn);
  await Promise.all(
    late.map((owner) => {
      log.write("warn", "audit.outbox_late", { owner });
      return attempt(ports, "audit_outbox", () => wake(ports, owner), { owner });
    }),
  );
}

function wake({ owners }: OperationPorts, owner: string): Promise<void> {
  if (isId("agt", owner)) return owners.agent(owner).drainAudit();
  if (isId("wsp", owner)) return owners.workspace(owner).drainAudit();
  return owners.org().drainAudit();
}

async function attempt(
  { log }: OperationPorts,
  step: string,
  act: () => Promise<unknown>,
  about: Readonly<Record<string, string>> = {},
): Promise<void> {
  try {
    await act();
  } catch (fault) {
    log.write("error", "sweep.failed", { step, ...about, fault: String(fault) });
  }
}
