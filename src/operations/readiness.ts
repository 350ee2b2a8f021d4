/**
 * Decides whether this isolate can serve, for `/readyz`. Anybody may ask, as often as they like, so an isolate queries
 * the database at most once a second, with one query at a time.
 */
import { inTime, type Clock, type Timers } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Database } from "../storage/client.ts";
import { schemaFault, type SchemaFault } from "../storage/schema.ts";

export type Unready = SchemaFault;

/** A global of the isolate, as plain data. Times are in milliseconds since the epoch; null means never. */
export interface ReadinessCache {
  askedAt: number | null;
  answeredAt: number | null;
  answer: Result<null, Unready>;
}

export const newReadinessCache = (): ReadinessCache => ({
  askedAt: null,
  answeredAt: null,
  answer: err("away"),
});

export interface ReadinessPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly db: Database;
  readonly cache: ReadinessCache;
}

const FRESH_MS = 1_000;
/** The time limit for the database, in milliseconds; a slower one counts as away. */
const ANSWER_WITHIN_MS = 3_000;
/**
 * The interval for looking at the result of another request's query, in milliseconds: its promise may never resolve in
 * this request (platform rule).
 */
const LOOK_AGAIN_MS = 25;

export async function readiness(ports: ReadinessPorts): Promise<Result<null, Unready>> {
  const { clock, timers, db, cache } = ports;
  const within = (at: number | null, ms: number): boolean => {
    const age = at === null ? ms : clock.now() - at;
    return age >= 0 && age < ms; // negative: the clock was set back
  };
  for (;;) {
    if (within(cache.answeredAt, FRESH_MS)) return cache.answer;
    if (!within(cache.askedAt, ANSWER_WITHIN_MS)) break;
    await timers.sleep(LOOK_AGAIN_MS);
  }
  cache.askedAt = clock.now();
  const fault = await inTime<SchemaFault | null, SchemaFault>(
    timers,
    ANSWER_WITHIN_MS,
    schemaFault(db),
    "away",
  );
  cache.answer = fault === null ? ok(null) : err(fault);
  cache.answeredAt = clock.now();
  cache.askedAt = null;
  return cache.answer;
}
