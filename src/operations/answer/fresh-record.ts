/** A record that was just made may be on its way to the ledger: whoever looks for it by its id looks more than once. */
import type { Timers } from "../../kernel/clock.ts";
import { timeOfId } from "../../kernel/ids.ts";

const FRESH_MS = 10_000;

/** The pauses between looks, in milliseconds: five seconds in all. */
export const STEADY_PAUSES: readonly number[] = Array.from({ length: 25 }, () => 200);
/** For those who look often: a report may name a hundred links. */
export const GROWING_PAUSES: readonly number[] = [200, 400, 800, 1_600, 2_000];

/** An id is the caller's word: a time far ahead is as far from now as one long past. */
export const isFresh = (id: string, now: number): boolean => Math.abs(now - timeOfId(id)) < FRESH_MS;

/** @param look whether there is nothing more to look for. */
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
