/** The longest time that an act may take, its stream included, or that Dome asks a server for something itself. */
import type { Performed } from "../access/act.ts";
import type { Timers } from "../kernel/clock.ts";

/** Why a signal was aborted: the act has taken as long as its tier allows. */
export class ActTooLong extends Error {
  constructor() {
    super("the act has taken as long as its tier allows");
    this.name = "ActTooLong";
  }
}

/**
 * @param mostMs in milliseconds, until the end of the act.
 * @param signal of the watchdog; what aborts it aborts the act too.
 */
export async function withDeadline<T>(
  timers: Timers,
  mostMs: number,
  signal: AbortSignal,
  perform: (within: AbortSignal) => Promise<Performed<T>>,
): Promise<Performed<T>> {
  const late = new AbortController();
  let isOver = false;
  const timeUp = (): void => {
    if (!isOver) late.abort(new ActTooLong());
  };
  timers.sleep(mostMs).then(timeUp, timeUp); // a broken timer ends the act: nothing would be watched
  const over = (): void => {
    isOver = true;
  };
  try {
    const performed = await perform(AbortSignal.any([signal, late.signal]));
    const end = Promise.resolve(performed.end).finally(over);
    end.catch(() => undefined); // whoever awaits it hears of it
    return { value: performed.value, end };
  } catch (fault) {
    over();
    throw fault;
  }
}

/** A signal that aborts after so long, in milliseconds: for what Dome asks of a server itself. */
export function signalAfter(timers: Timers, ms: number): AbortSignal {
  const stop = new AbortController();
  const late = (): void => stop.abort();
  timers.sleep(ms).then(late, late);
  return stop.signal;
}
