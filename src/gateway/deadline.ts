/** The longest time that an act may take, its stream included, or that Dome asks a server for something itself. */
import type { Performed } from "../access/act.ts";
import { alarm, type Timers } from "../kernel/clock.ts";

/** Why a signal was aborted: the act has taken as long as its tier allows. */
export class ActTooLong extends Error {
  constructor() {
    super("the act has taken as long as its tier allows");
    this.name = "ActTooLong";
  }
}

/** Why a request's `gone` was aborted although its client is there: Dome itself no longer waits for the answer. */
export class NotAwaited extends Error {
  constructor() {
    super("the answer is not awaited any more");
    this.name = "NotAwaited";
  }
}

/** Why a request's `gone` was aborted: its client has cancelled it, and waits for no answer. */
export class CallCancelled extends Error {
  constructor() {
    super("the client has cancelled the request");
    this.name = "CallCancelled";
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
  const over = alarm(timers, mostMs, () => late.abort(new ActTooLong()));
  signal.addEventListener("abort", over, { once: true });
  return untilEnd(over, () => perform(AbortSignal.any([signal, late.signal])));
}

/** @param over is called when the act has ended, whichever way. */
export async function untilEnd<T>(
  over: () => void,
  perform: () => Promise<Performed<T>>,
): Promise<Performed<T>> {
  try {
    const performed = await perform();
    const end = Promise.resolve(performed.end).finally(over);
    end.catch(() => undefined); // whoever awaits it hears of it
    return { value: performed.value, end };
  } catch (fault) {
    over();
    throw fault;
  }
}

/**
 * What Dome asks of a server itself.
 * @param ms for the whole of it, in milliseconds: then the signal of `ask` aborts.
 */
export async function askedWithin<T>(
  timers: Timers,
  ms: number,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const over = alarm(timers, ms, () => stop.abort());
  try {
    return await ask(stop.signal);
  } finally {
    over();
  }
}
