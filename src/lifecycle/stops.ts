/**
 * The lists of stopped users and transactions that are too long for a lease: read from the object under the version
 * that the lease names, kept by the isolate, and put in before the lease is kept. Without them there is no lease: an
 * answer with empty lists would admit whom it has to refuse (P3).
 */
import { RESUMED_USER_KEEP_MS, type StopLists, type WorkspaceAnswer } from "./lease.ts";

/** What the object answers when it is asked for its lists. */
export interface Stops extends StopLists {
  readonly version: number;
}

/** Plain data, so that it may live in a global. `readAt`: by the isolate's clock, when it had the answer. */
export interface KeptStops {
  readonly stops: Stops;
  readonly readAt: number;
}

/** What is kept: the newest lists of each workspace that needs them. */
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
 * The answer with its lists.
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

/** The lists some time after they were read: resumes are longer ago, and leave as they do in the object. */
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
