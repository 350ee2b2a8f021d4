/**
 * That an agent has acted, and with which keys: isolates tell it with the leases that they ask for, and the object keeps it
 * and tells D1, once an hour for all of them together.
 */
import type { AgentUse } from "../lifecycle/lease.ts";
import type { AgentParts } from "./agent-stop.ts";

/** Notes it once the lease is answered, which neither waits for the disk nor fails with it. */
export function noteUseSoon(
  { deps, store, timerTable }: AgentParts,
  storage: DurableObjectStorage,
  { keys }: AgentUse,
): void {
  const { clock, timers, log } = deps;
  const note = (): void =>
    storage.transactionSync(() => {
      store.noteUse(keys, clock.now());
      timerTable.ensure("project", "", clock.now());
    });
  timers
    .sleep(0)
    .then(note)
    .catch((fault: unknown) => log.write("warn", "agent.use_not_noted", { fault: String(fault) }));
}
