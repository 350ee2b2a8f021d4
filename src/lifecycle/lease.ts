/**
 * Leases: the right to treat an owner object's answer as current for a short time, so that the hot path asks no
 * object per call. All times in milliseconds; `now` is the caller's clock.
 *
 * What makes them safe (P3):
 * - answers carry durations, never times: the clocks of an object and an isolate have nothing to do with each other;
 * - a lease counts from before the asking, so a slow or late answer is never good for longer than a quick one;
 * - it ends `MARGIN_MS` before the object believes so, and a stop waits `MARGIN_MS` longer than the object believes:
 *   together they cover clocks that drift, stand still during CPU work, or step back unseen;
 * - a book whose clock is seen to step back forgets everything, and takes no answer that was asked for before.
 */
import type { KeyId } from "../kernel/ids.ts";
import type { EvidenceLevel } from "./evidence.ts";
import type { AgentState } from "./states.ts";

/** The longest life of an answer, from the asking. */
export const LEASE_TTL_MS = 2000;
/** How much earlier the asker stops trusting an answer. */
export const MARGIN_MS = 500;
/** How long a stop waits before it is effective: the longest lease and the margin once more. */
export const STOP_WAIT_MS = 2500;
/** Who waits longer for a lease gives up: 503 with `Retry-After`. */
export const RENEWAL_TIMEOUT_MS = 800;
/** How long an answer that admits nothing may be reused, so that a start is seen soon. */
export const REFUSAL_KEEP_MS = 250;

/** Life of a refusing answer: what is left of it after the margin is `REFUSAL_KEEP_MS`. */
const REFUSAL_TTL_MS = REFUSAL_KEEP_MS + MARGIN_MS;

/** What an AgentObject answers. `ttl_ms` of a key: until it expires, `null` when it does not. */
export interface AgentAnswer {
  readonly state: AgentState | "absent";
  readonly draining?: { readonly deadline_ms: number; readonly then: "suspended" | "revoked" };
  readonly epoch: number;
  readonly keys: readonly { readonly id: string; readonly ttl_ms: number | null }[];
  readonly record_version: number;
  /** Revoked call tokens of this agent, by `jti`. */
  readonly revoked: readonly string[];
  readonly ttl_ms: number;
}

/**
 * What an isolate has seen of an agent since it asked the object last: that it acted, and with which keys. It travels with
 * an ask that is made anyway, and nothing is decided by it.
 */
export interface AgentUse {
  readonly keys: readonly KeyId[];
}

/** What a WorkspaceObject answers. */
export interface WorkspaceAnswer {
  readonly config_epoch: number;
  readonly halt_epoch: number;
  readonly halted: boolean;
  readonly stopped_users: readonly string[];
  readonly stopped_txns: readonly string[];
  /** Users who were let go on not long ago: their tokens from before stay refused. Absent: none. */
  readonly resumed_users?: readonly ResumedUser[];
  /**
   * Instead of the three lists, when they are long: they are empty here, and have to be read from the object and put
   * in before the answer may be used (`stops.ts`). Another version: another list.
   */
  readonly stops_version?: number;
  /** How much room the workspace's ledger has. Absent: `ok`. */
  readonly evidence?: EvidenceLevel;
  readonly ttl_ms: number;
}

/** `epoch`: how often the user has been let go on. `ms_ago`: since the last time, by the object's clock. */
interface ResumedUser {
  readonly user: string;
  readonly epoch: number;
  readonly ms_ago: number;
}

/** What the WorkspaceObject named `org` answers. */
export interface OrgAnswer {
  readonly config_epoch: number;
  /** Of the ledger `org`. Absent: `ok`. */
  readonly evidence?: EvidenceLevel;
  readonly ttl_ms: number;
}

export type Expiring = { readonly ttl_ms: number };

/**
 * When an answer was asked for: `askedAt` by the isolate's clock *before* it asked; `era` and `order` as `LeaseBook`
 * counts. A clock that stands still between two asks does not tell which was first; the order does.
 */
export interface Asking {
  readonly askedAt: number;
  readonly era?: number;
  readonly order?: number;
}

/** Plain data, so that it may live in a global. */
export interface Lease<A> extends Asking {
  readonly answer: A;
}

/** When the lease ends, by the clock that asked for it. */
export const endOf = (lease: Lease<Expiring>): number => lease.askedAt + lease.answer.ttl_ms - MARGIN_MS;

/** True while the lease may be trusted. A lease from the future is not: the clock has stepped back since. */
export function isCurrent(lease: Lease<Expiring>, now: number): boolean {
  return lease.askedAt <= now && now < endOf(lease);
}

/** True past half of the usable life: time to ask again in the background, before a call has to wait for it. */
export function dueForRenewal(lease: Lease<Expiring>, now: number): boolean {
  return now >= lease.askedAt + (lease.answer.ttl_ms - MARGIN_MS) / 2;
}

/**
 * Whether the lease vouches for a key. An expiring key ends `MARGIN_MS` early, as the lease itself does.
 * It says nothing about whether the lease is current.
 */
export function isKeyLive(lease: Lease<AgentAnswer>, key: string, now: number): boolean {
  return now < keyEndOf(lease, key);
}

/** When the key ends as far as the lease vouches for it: `Infinity` if it has no end, `-Infinity` if it is not live. */
export function keyEndOf({ answer, askedAt }: Lease<AgentAnswer>, key: string): number {
  const found = answer.keys.find(({ id }) => id === key);
  if (found === undefined) return -Infinity;
  return found.ttl_ms === null ? Infinity : askedAt + found.ttl_ms - MARGIN_MS;
}

/** What an AgentObject keeps in its row about being alive. Times by the object's own clock. */
export interface AgentRow {
  readonly state: AgentState;
  readonly epoch: number;
  readonly recordVersion: number;
  readonly expiresAt: number | null;
  readonly keys: readonly { readonly id: string; readonly expiresAt: number | null }[];
  readonly revokedTokens: readonly string[];
  /** An active agent that takes no new work, and is stopped at the deadline. */
  readonly draining?: { readonly deadline: number; readonly end: "suspended" | "revoked" } | null;
}

/**
 * What the object answers at `now`. The caller reads the row in the same synchronous step: a superseded instance
 * notices only when it touches storage, and must never grant from memory.
 *
 * The lease of an agent that expires is good until it expires: the asker stops `MARGIN_MS` before its end. Where clocks
 * fail that may be `MARGIN_MS` late, long before the stop at the end of the agent is effective (P3).
 * @param row `null` when there is none: such an agent refuses everything.
 */
export function answerFor(row: AgentRow | null, now: number): AgentAnswer {
  if (row === null) {
    return { state: "absent", epoch: 0, keys: [], record_version: 0, revoked: [], ttl_ms: REFUSAL_TTL_MS };
  }
  const leftMs = row.expiresAt === null ? Infinity : row.expiresAt - now;
  const state = row.state === "active" && leftMs <= 0 ? "suspended" : row.state;
  const { draining } = row;
  return {
    state,
    ...(draining == null || state !== "active"
      ? {}
      : // oxlint-disable-next-line unicorn/no-thenable -- the word of the interface, and no function
        { draining: { deadline_ms: Math.max(0, draining.deadline - now), then: draining.end } }),
    epoch: row.epoch,
    keys: row.keys
      .map(({ id, expiresAt }) => ({ id, ttl_ms: expiresAt === null ? null : expiresAt - now }))
      .filter(({ ttl_ms }) => ttl_ms === null || ttl_ms > 0),
    record_version: row.recordVersion,
    revoked: row.revokedTokens,
    ttl_ms: state === "active" ? Math.min(LEASE_TTL_MS, leftMs + MARGIN_MS) : REFUSAL_TTL_MS,
  };
}

/** How long a stopped transaction stays listed: twice the longest life of a call token that could carry it. */
export const STOPPED_TXN_KEEP_MS = 600_000;

/**
 * How long a resumed user stays listed: longer than the oldest ID token that a provider's entry may allow (an hour), and
 * twice the difference that clocks may have. Until then an ID token from before the stop must be refused (P3).
 */
export const RESUMED_USER_KEEP_MS = 4_000_000;

/** What a WorkspaceObject keeps about stopped users and transactions. Times by the object's own clock. */
export interface StopRows {
  readonly stoppedUsers: readonly string[];
  readonly stoppedTxns: readonly { readonly txn: string; readonly stoppedAt: number }[];
  readonly resumedUsers?: readonly {
    readonly user: string;
    readonly epoch: number;
    readonly resumedAt: number;
  }[];
  /** Moves with every change of the three lists. */
  readonly stopsVersion?: number;
}

/** What a WorkspaceObject keeps in its row about being halted. */
export interface WorkspaceRow extends StopRows {
  readonly configEpoch: number;
  readonly haltEpoch: number;
  readonly halted: boolean;
  readonly evidence?: EvidenceLevel;
}

/** The most entries of the three lists that a lease carries itself. */
export const MOST_LISTED_STOPS = 1_000;

/** The three lists of a workspace's answer. */
export type StopLists = Required<Pick<WorkspaceAnswer, "stopped_users" | "stopped_txns" | "resumed_users">>;

const NO_STOPS: StopLists = { stopped_users: [], stopped_txns: [], resumed_users: [] };

/** The lists at `now`, however long. */
export const stopListsFor = (row: StopRows, now: number): StopLists => ({
  stopped_users: row.stoppedUsers,
  stopped_txns: row.stoppedTxns
    .filter(({ stoppedAt }) => now < stoppedAt + STOPPED_TXN_KEEP_MS)
    .map(({ txn }) => txn),
  resumed_users: (row.resumedUsers ?? [])
    .filter(({ resumedAt }) => now < resumedAt + RESUMED_USER_KEEP_MS)
    .map(({ user, epoch, resumedAt }) => ({ user, epoch, ms_ago: Math.max(0, now - resumedAt) })),
});

/** What a WorkspaceObject answers at `now`; the same duty to read the row as for an agent. */
export function workspaceAnswerFor(row: WorkspaceRow, now: number): WorkspaceAnswer {
  const lists = stopListsFor(row, now);
  const { stopped_users, stopped_txns, resumed_users } = lists;
  const listed = stopped_users.length + stopped_txns.length + resumed_users.length;
  return {
    config_epoch: row.configEpoch,
    halt_epoch: row.haltEpoch,
    halted: row.halted,
    ...(listed > MOST_LISTED_STOPS ? { ...NO_STOPS, stops_version: row.stopsVersion ?? 0 } : lists),
    ...(row.evidence === undefined || row.evidence === "ok" ? {} : { evidence: row.evidence }),
    ttl_ms: row.halted ? REFUSAL_TTL_MS : LEASE_TTL_MS,
  };
}

/**
 * What a token that is minted for a user now has to carry as `dome.user_epoch`. 0: the user was not let go on lately,
 * and tokens from before have all expired.
 */
export const userEpochOf = (answer: WorkspaceAnswer, user: string): number =>
  answer.resumed_users?.find((resumed) => resumed.user === user)?.epoch ?? 0;
