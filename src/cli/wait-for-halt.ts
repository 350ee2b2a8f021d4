/**
 * Waits until a halt is effective: committed → waiting → effective. The stop does not depend on this wait: it is
 * committed, and becomes effective by itself.
 */
import type { Halt } from "../contract/halt.ts";
import { CommandFailure, EXIT } from "./exit.ts";
import { actsText, familyText } from "./halt-text.ts";
import { seconds } from "./output.ts";
import { Progress } from "./progress.ts";
import type { Session } from "./session.ts";

/** The longest wait of the API itself, in milliseconds. */
const LONGEST_WAIT_MS = 10_000;
/** The longest wait for a cascade, in milliseconds: its stops begin one after another, and each takes time. */
const LONGEST_CASCADE_MS = 60_000;
const PAUSE_MS = 100;

/**
 * @param committed the halt in the command's answer.
 * @param read returns the current receipt.
 * @param next the command that shows the receipt later.
 * @returns the receipt with `effective_at`.
 * @throws CommandFailure (exit 5) when the halt is not effective within 10 s, or a cascade within 60 s.
 */
export async function waitForHalt(
  session: Session,
  committed: Halt,
  read: () => Promise<Halt>,
  next: string,
): Promise<Halt> {
  const { clock, timers } = session.io;
  const { style } = session.output;
  const progress = new Progress(session.io, session.output.mode, [
    `The stop ${committed.id} continues: it is committed, and becomes effective by itself.`,
    `next: ${session.output.here(next)}`,
  ]);
  const start = clock.now();
  const longest = committed.cascade === null ? LONGEST_WAIT_MS : LONGEST_CASCADE_MS;
  const due = start + committed.effective_in_ms;
  let receipt = committed;
  progress.step("committed", `${committed.id} at ${style.clock(committed.committed_at)}`);
  try {
    if (receipt.effective_at === null && !progress.isLive) {
      progress.step("waiting", `${seconds(committed.effective_in_ms)} until no door admits a call any more`);
    }
    while (receipt.effective_at === null) {
      const left = due - clock.now();
      if (left > 0) {
        progress.live("waiting", `${seconds(left)} until no door admits a call any more`);
        await timers.sleep(Math.min(left, PAUSE_MS));
        continue;
      }
      receipt = await read();
      if (receipt.effective_at !== null) break;
      if (clock.now() - start >= longest) throw tooLate(committed, longest, next);
      const { cascade } = receipt;
      progress.live(
        "waiting",
        cascade === null ? "for the receipt" : `for the family: ${familyText(cascade)}`,
      );
      await timers.sleep(PAUSE_MS);
    }
    progress.step("effective", `at ${style.clock(receipt.effective_at)}, ${after(receipt)} after the commit`);
    if (receipt.cascade !== null) progress.step("family", familyText(receipt.cascade));
    const { last_admitted: last } = receipt;
    progress.step(
      "admitted",
      last === null ? "no call in the ledger" : `${last.decision_id} at ${style.clock(last.time)}, last`,
    );
    progress.step("cut", actsText(receipt.acts_cut) ?? "acts were not counted");
    return receipt;
  } finally {
    progress.end();
  }
}

function after({ committed_at, effective_at }: Halt): string {
  return seconds(Date.parse(effective_at ?? committed_at) - Date.parse(committed_at));
}

const tooLate = ({ id }: Halt, longestMs: number, next: string): CommandFailure =>
  new CommandFailure(
    EXIT.timedOut,
    `the halt ${id} is committed, but was not effective within ${longestMs / 1000} s; it becomes effective by itself`,
    next,
  );
