/**
 * Looks several times for a record by its id, because a record that was just made may not have reached the ledger yet.
 */
import type { Timers } from "../../kernel/clock.ts";
import { timeOfId } from "../../kernel/ids.ts";

/** How long a record may take to its ledger, in milliseconds (design part 10: visible within 5 s). */
const FRESH_MS = 10_000;

/** The pauses between looks, in milliseconds: five seconds in all. */
export const STEADY_PAUSES: readonly number[] = Array.from({ length: 25 }, () => 200);
/** For a caller that looks up many ids: a report may name a hundred links. */
export const GROWING_PAUSES: readonly number[] = [200, 400, 800, 1_600, 2_000];

/**
 * True for an id that was just made. The caller chooses the id, so its time may be far in the past or in the future;
 * neither is fresh.
 */
export const isFresh = (id: string, now: number): boolean => Math.abs(now - timeOfId(id)) < FRESH_MS;

/** @param look returns true when there is nothing more to look for. */
export async function lookAgain(
  timers: Timers,
  pauses: readonly number[],
  look: () => Promise<boolean>,
): Promise<void> {
  for (const pause of pauses) {
    await timers.sleep(pause);
    if (await look()) return;
  }
}
