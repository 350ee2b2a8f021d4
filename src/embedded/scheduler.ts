/** Calls the Worker's scheduled handler as Cloudflare would: Miniflare has the handler but never calls it. */
import type { Clock, Timers } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { messageOf } from "./refusal.ts";
import { CRON } from "./runtime.ts";

const EVERY_MS = 60_000;

interface SchedulerPorts {
  /** Called for each run: a handle is invalid after a restart of the runtime. */
  worker(): Promise<{
    scheduled(event: { cron: string; scheduledTime: Date }): Promise<{ outcome: string }>;
  }>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

/**
 * Runs the handler every minute. Runs do not overlap: a long run delays the next. A failed run is logged.
 * @returns a function that stops the scheduler.
 */
export function startScheduler({ worker, clock, timers, log }: SchedulerPorts): () => void {
  const stopped = new AbortController();
  const runOnce = async (): Promise<void> => {
    try {
      const handle = await worker();
      const { outcome } = await handle.scheduled({ cron: CRON, scheduledTime: new Date(clock.now()) });
      if (outcome !== "ok") log.write("error", "scheduled", { outcome });
    } catch (error) {
      if (!stopped.signal.aborted) log.write("error", "scheduled", { error: messageOf(error) });
    }
  };
  const run = async (): Promise<void> => {
    for (;;) {
      await timers.sleep(EVERY_MS, stopped.signal);
      if (stopped.signal.aborted) return;
      await runOnce();
    }
  };
  run().catch((error: unknown) => log.write("error", "scheduler", { error: messageOf(error) }));
  return () => stopped.abort();
}
