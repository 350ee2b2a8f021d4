/**
 * Time that a test in workerd moves on. A stop waits `STOP_WAIT_MS`, and the tests make hundreds of stops: they would wait
 * for minutes. The Worker and its objects share the isolate of the tests, so there is one clock to move, and with it
 * every lease ends that was given before. Only the wait of a stop is cut short; every other timer runs as it is.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { systemClock, systemTimers, type Until } from "../../src/kernel/clock.ts";
import { idSource } from "../../src/kernel/ids.ts";
import { systemRandom } from "../../src/kernel/random.ts";
import { STOP_WAIT_MS } from "../../src/lifecycle/lease.ts";

/** How far the clock is ahead of the machine's, in milliseconds. */
let ahead = 0;
/** While a test holds the clock: the time that it shows, in milliseconds since the epoch. */
let held: number | null = null;
/** When the last of the waits that have begun is over. */
let latestDue = 0;

/** Sleeps of the Worker and its objects that have not ended. */
let sleeping = 0;

const systemSleep = systemTimers.sleep;

async function sleepReally(ms: number, until?: Until): Promise<void> {
  sleeping += 1;
  try {
    await systemSleep(ms, until);
  } finally {
    sleeping -= 1;
  }
}

/** How many timers run, beside those of the test itself. */
export const runningTimers = (): number => sleeping;

const LOOK_EVERY_MS = 10;

/**
 * Alarms go off by the machine's clock, which the tests cannot move.
 * @returns what gives the platform's methods back: every file of tests has the same platform.
 */
async function correctAlarms(): Promise<() => void> {
  const object = env.AGENT.get(env.AGENT.idFromName(idSource(systemClock, systemRandom).next("agt")));
  return runInDurableObject(object, (_instance, { storage }) => {
    const methods = Object.getPrototypeOf(storage) as DurableObjectStorage;
    const { setAlarm, getAlarm } = methods;
    methods.setAlarm = function (at) {
      return setAlarm.call(this, Number(at) - ahead);
    };
    methods.getAlarm = async function () {
      const at = await getAlarm.call(this);
      return at === null ? null : at + ahead;
    };
    return () => void Object.assign(methods, { setAlarm, getAlarm });
  });
}

/**
 * Once in each file of tests, before the Worker does anything.
 * @returns what gives back what does not belong to the file.
 */
export async function takeTime(): Promise<() => void> {
  systemClock.now = () => held ?? Date.now() + ahead;
  systemTimers.sleep = (ms, until) => (ms === STOP_WAIT_MS ? waitOfStop() : sleepReally(ms, until));
  return correctAlarms();
}

/** Moves the clock on to a time, in milliseconds since the epoch; it never goes back. What ends before that time has ended. */
export function advanceTo(time: number): void {
  ahead += Math.max(0, time - systemClock.now());
}

/** What `act` comes to while the clock stands: no lease runs out or is renewed, however slow the machine. Timers run. */
export async function stillTime<T>(act: () => Promise<T>): Promise<T> {
  held = systemClock.now();
  try {
    return await act();
  } finally {
    held = null;
  }
}

/** Looks again and again: an object's promise may be settled in its own context only (a rule of the platform). */
async function waitOfStop(): Promise<void> {
  const due = systemClock.now() + STOP_WAIT_MS;
  latestDue = Math.max(latestDue, due);
  while (systemClock.now() < due) await systemSleep(LOOK_EVERY_MS);
}

/** What `pending` comes to, while no stop that it waits for takes its time. */
export async function hurried<T>(pending: Promise<T>): Promise<T> {
  const waiting = new Set([pending]);
  const settled = pending.finally(() => waiting.clear());
  settled.catch(() => undefined);
  while (waiting.size > 0) {
    ahead += Math.max(0, latestDue - systemClock.now());
    await systemSleep(LOOK_EVERY_MS);
  }
  return settled;
}
