/**
 * Stores the activity of an agent and of its keys. Isolates report it with their lease requests; the object stores it
 * and writes it to D1, at most once an hour for all reports together.
 */
import type { AgentUse } from "../lifecycle/lease.ts";
import type { AgentParts } from "./agent-stop.ts";

/** Stores the activity after the lease was answered, so that the lease neither waits for the disk nor fails with it. */
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
