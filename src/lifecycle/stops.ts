/**
 * The lists of stopped users and transactions that are too long for a lease. They are read from the object under
 * the version in the lease, cached by the isolate, and filled in before the lease is kept. Without the lists there
 * is no lease: an answer with empty lists would admit callers that must be refused (P3).
 */
import { RESUMED_USER_KEEP_MS, type StopLists, type WorkspaceAnswer } from "./lease.ts";

/** The object's answer to a request for its lists. */
export interface Stops extends StopLists {
  readonly version: number;
}

/** Plain data, so that it may live in a global. `readAt`: when the answer arrived, by the isolate's clock. */
export interface KeptStops {
  readonly stops: Stops;
  readonly readAt: number;
}

/** The newest lists of each workspace that has long ones. */
interface StopsCache {
  get(workspace: string): KeptStops | undefined;
  set(workspace: string, kept: KeptStops): void;
}

interface StopsPorts {
  readonly cache: StopsCache;
  readonly now: () => number;
  /** Asks the object. */
  readonly read: () => Promise<Stops>;
}

/**
 * The answer, with its lists filled in.
 * @throws what `read` throws, and when the lists are older than the answer.
 */
export async function withStops(
  workspace: string,
  answer: WorkspaceAnswer,
  { cache, now, read }: StopsPorts,
): Promise<WorkspaceAnswer> {
  const { stops_version: version, ...rest } = answer;
  if (version === undefined) return answer;
  const kept = cache.get(workspace);
  if (kept?.stops.version === version) return { ...rest, ...listsAt(kept, now()) };
  const stops = await read();
  if (stops.version < version) throw new Error("the lists of stops are older than the lease");
  const fresh: KeptStops = { stops, readAt: now() };
  cache.set(workspace, fresh);
  return { ...rest, ...listsAt(fresh, fresh.readAt) };
}

/** The lists as they are some time after they were read: resumes are longer ago, and are removed as in the object. */
function listsAt({ stops, readAt }: KeptStops, now: number): StopLists {
  const elapsed = Math.max(0, now - readAt);
  return {
    stopped_users: stops.stopped_users,
    stopped_txns: stops.stopped_txns,
    resumed_users: stops.resumed_users
      .map((resumed) => ({ ...resumed, ms_ago: resumed.ms_ago + elapsed }))
      .filter(({ ms_ago }) => ms_ago < RESUMED_USER_KEEP_MS),
  };
}
