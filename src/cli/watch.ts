/** `--watch`: shows a result again each time it changes, until the program is interrupted or the service refuses. */
import { Option } from "commander";
import type { Shown } from "./output.ts";
import type { Session } from "./session.ts";

const EVERY_MS = 2_000;

export const watchOption = (): Option =>
  new Option("--watch", "show it again each time it changes, until Ctrl-C; checks every 2 s");

export interface Watching {
  readonly watch?: true | undefined;
}

/** A result, with a note for the case that it is shown once. */
export interface Read extends Shown {
  /** The value whose change shows the result again; default: the body. */
  readonly compared?: unknown;
  readonly tell?: () => void;
}

/** Shows a result, and its note. */
export function showOnce({ output }: Session, shown: Read): void {
  output.show(shown);
  shown.tell?.();
}

/** @param read called for each look; asks the service. */
export async function showOrWatch(
  session: Session,
  { watch }: Watching,
  read: () => Promise<Read>,
): Promise<void> {
  const { output, io } = session;
  if (watch !== true) return showOnce(session, await read());
  for (let before: string | undefined; ;) {
    const shown = await read();
    const now = JSON.stringify(shown.compared ?? shown.body);
    if (now !== before) output.showAgain(shown);
    before = now;
    await io.timers.sleep(EVERY_MS);
  }
}
