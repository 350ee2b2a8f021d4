/**
 * Leases: the right to treat an owner object's answer as current for a short time, so that calls do not ask an
 * object each time. All times in milliseconds; `now` is the caller's clock.
 *
 * What makes them safe (P3):
 * - answers carry durations, never times: the clocks of an object and an isolate have nothing to do with each other;
 * - a lease counts from before the asking, so a slow or late answer is never good for longer than a quick one;
 * - it ends `MARGIN_MS` before the object believes so, and a stop waits `MARGIN_MS` longer than the object believes:
 *   together they cover clocks that drift, stand still during CPU work, or step back unseen;
 * - a book whose clock is seen to step back forgets everything, and takes no answer that was asked for before.
 */
import { defined } from "../kernel/defined.ts";
import type { KeyId } from "../kernel/ids.ts";
import type { EvidenceLevel } from "./evidence.ts";
import type { AgentState } from "./states.ts";

/** The longest life of an answer, counted from the sending of the request. */
export const LEASE_TTL_MS = 2000;
/** How much earlier the isolate stops trusting an answer. */
export const MARGIN_MS = 500;
/** How long a stop waits before it is effective: the longest lease, plus the margin once more. */
export const STOP_WAIT_MS = 2500;
/** After this wait for a lease, a call gives up: 503 with `Retry-After`. */
export const RENEWAL_TIMEOUT_MS = 800;
/** How long an answer that refuses may be reused, so that a start takes effect soon. */
export const REFUSAL_KEEP_MS = 250;

/** The life of an answer that refuses: after the margin, `REFUSAL_KEEP_MS` are left. */
const REFUSAL_TTL_MS = REFUSAL_KEEP_MS + MARGIN_MS;

/** The answer of an AgentObject. `ttl_ms` of a key: until it expires; `null` when it does not. */
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
 * The activity of an agent that an isolate has seen since it last asked the object: that it acted, and with which
 * keys. It is added to a request that is sent anyway, and no decision depends on it.
 */
export interface AgentUse {
  readonly keys: readonly KeyId[];
}

/** The answer of a WorkspaceObject. */
export interface WorkspaceAnswer {
  readonly config_epoch: number;
  readonly halt_epoch: number;
  readonly halted: boolean;
  readonly stopped_users: readonly string[];
  readonly stopped_txns: readonly string[];
  /** Users resumed recently: their tokens from before the stop stay refused. Absent: none. */
  readonly resumed_users?: readonly ResumedUser[];
  /**
   * Replaces the three lists when they are long: they are empty here, and must be read from the object and filled
   * in before the answer may be used (`stops.ts`). Each version has its own lists.
   */
  readonly stops_version?: number;
  /** The space of the workspace's ledger. Absent: `ok`. */
  readonly evidence?: EvidenceLevel;
  readonly ttl_ms: number;
}

/** `epoch`: how often the user has been resumed. `ms_ago`: since the last time, by the object's clock. */
interface ResumedUser {
  readonly user: string;
  readonly epoch: number;
  readonly ms_ago: number;
}

/** The answer of the WorkspaceObject named `org`. */
export interface OrgAnswer {
  readonly config_epoch: number;
  /** The space of the ledger `org`. Absent: `ok`. */
  readonly evidence?: EvidenceLevel;
  readonly ttl_ms: number;
}

export type Expiring = { readonly ttl_ms: number };

/**
 * When an answer was requested: `askedAt` by the isolate's clock *before* the request; `era` and `order` as counted
 * by `LeaseBook`. A clock that stands still between two requests does not tell which was first; the order does.
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

/** When the lease ends, by the clock of the isolate that requested it. */
export const endOf = (lease: Lease<Expiring>): number => lease.askedAt + lease.answer.ttl_ms - MARGIN_MS;

/** True while the lease may be trusted. A lease from the future may not: the clock has stepped back since. */
export function isCurrent(lease: Lease<Expiring>, now: number): boolean {
  return lease.askedAt <= now && now < endOf(lease);
}

/** True past half of the usable life: time to renew in the background, before a call has to wait. */
export function dueForRenewal(lease: Lease<Expiring>, now: number): boolean {
  return now >= lease.askedAt + (lease.answer.ttl_ms - MARGIN_MS) / 2;
}

/**
 * Whether the lease confirms that a key is live. An expiring key ends `MARGIN_MS` early, as the lease itself does.
 * The result says nothing about whether the lease is current.
 */
export function isKeyLive(lease: Lease<AgentAnswer>, key: string, now: number): boolean {
  return now < keyEndOf(lease, key);
}

/** When the key ends, according to the lease: `Infinity` if it has no end, `-Infinity` if it is not live. */
export function keyEndOf({ answer, askedAt }: Lease<AgentAnswer>, key: string): number {
  const found = answer.keys.find(({ id }) => id === key);
  if (found === undefined) return -Infinity;
  return found.ttl_ms === null ? Infinity : askedAt + found.ttl_ms - MARGIN_MS;
}

/** The row in which an AgentObject keeps whether the agent is alive. Times by the object's own clock. */
export interface AgentRow {
  readonly state: AgentState;
  readonly epoch: number;
  readonly recordVersion: number;
  readonly expiresAt: number | null;
  readonly keys: readonly { readonly id: string; readonly expiresAt: number | null }[];
  readonly revokedTokens: readonly string[];
  /** An active agent that accepts no new work and is stopped at the deadline. */
  readonly draining?: { readonly deadline: number; readonly end: "suspended" | "revoked" } | null;
}

/**
 * The object's answer at `now`. The caller reads the row in the same synchronous step: a superseded instance
 * notices that only when it touches storage, and must never grant a lease from memory.
 *
 * The lease of an agent that expires is good until it expires: the isolate stops `MARGIN_MS` before its end. When
 * clocks fail, that may be `MARGIN_MS` late, long before the stop at the end of the agent is effective (P3).
 * @param row `null` when there is none: such an agent refuses everything.
 */
export function answerFor(row: AgentRow | null, now: number): AgentAnswer {
  if (row === null) {
    return { state: "absent", epoch: 0, keys: [], record_version: 0, revoked: [], ttl_ms: REFUSAL_TTL_MS };
  }
  const leftMs = row.expiresAt === null ? Infinity : row.expiresAt - now;
  const state = row.state === "active" && leftMs <= 0 ? "suspended" : row.state;
  const draining = state === "active" && row.draining != null ? drainingAt(row.draining, now) : undefined;
  return {
    state,
    ...defined({ draining }),
    epoch: row.epoch,
    keys: row.keys
      .map(({ id, expiresAt }) => ({ id, ttl_ms: expiresAt === null ? null : expiresAt - now }))
      .filter(({ ttl_ms }) => ttl_ms === null || ttl_ms > 0),
    record_version: row.recordVersion,
    revoked: row.revokedTokens,
    ttl_ms: state === "active" ? Math.min(LEASE_TTL_MS, leftMs + MARGIN_MS) : REFUSAL_TTL_MS,
  };
}

const drainingAt = ({ deadline, end }: NonNullable<AgentRow["draining"]>, now: number) => ({
  deadline_ms: Math.max(0, deadline - now),
  then: end, // oxlint-disable-line unicorn/no-thenable -- the word of the interface, and no function
});

/** How long a stopped transaction stays in the list: twice the longest life of a call token that could carry it. */
export const STOPPED_TXN_KEEP_MS = 600_000;

/**
 * How long a resumed user stays in the list: longer than the oldest ID token that a provider's entry may allow (an
 * hour), plus twice the difference that clocks may have. Until then an ID token from before the stop must be
 * refused (P3).
 */
export const RESUMED_USER_KEEP_MS = 4_000_000;

/** The stopped users and transactions in a WorkspaceObject. Times by the object's own clock. */
export interface StopRows {
  readonly stoppedUsers: readonly string[];
  readonly stoppedTxns: readonly { readonly txn: string; readonly stoppedAt: number }[];
  readonly resumedUsers?: readonly {
    readonly user: string;
    readonly epoch: number;
    readonly resumedAt: number;
  }[];
  /** Changes with every change of the three lists. */
  readonly stopsVersion?: number;
}

/** The row in which a WorkspaceObject keeps whether the workspace is halted. */
export interface WorkspaceRow extends StopRows {
  readonly configEpoch: number;
  readonly haltEpoch: number;
  readonly halted: boolean;
  readonly evidence?: EvidenceLevel;
}

/** The most entries of the three lists that fit into a lease itself. */
export const MOST_LISTED_STOPS = 1_000;

/** The three lists of a workspace's answer. */
export type StopLists = Required<Pick<WorkspaceAnswer, "stopped_users" | "stopped_txns" | "resumed_users">>;

const NO_STOPS: StopLists = { stopped_users: [], stopped_txns: [], resumed_users: [] };

/** The lists at `now`, of any length. */
export const stopListsFor = (row: StopRows, now: number): StopLists => ({
  stopped_users: row.stoppedUsers,
  stopped_txns: row.stoppedTxns
    .filter(({ stoppedAt }) => now < stoppedAt + STOPPED_TXN_KEEP_MS)
    .map(({ txn }) => txn),
  resumed_users: (row.resumedUsers ?? [])
    .filter(({ resumedAt }) => now < resumedAt + RESUMED_USER_KEEP_MS)
    .map(({ user, epoch, resumedAt }) => ({ user, epoch, ms_ago: Math.max(0, now - resumedAt) })),
});

/** A WorkspaceObject's answer at `now`. As for an agent, the caller reads the row in the same step. */
export function workspaceAnswerFor(row: WorkspaceRow, now: number): WorkspaceAnswer {
  const lists = stopListsFor(row, now);
  const { stopped_users, stopped_txns, resumed_users } = lists;
  const listed = stopped_users.length + stopped_txns.length + resumed_users.length;
  return {
    config_epoch: row.configEpoch,
    halt_epoch: row.haltEpoch,
    halted: row.halted,
    ...(listed > MOST_LISTED_STOPS ? { ...NO_STOPS, stops_version: row.stopsVersion ?? 0 } : lists),
    ...defined({ evidence: row.evidence === "ok" ? undefined : row.evidence }),
    ttl_ms: row.halted ? REFUSAL_TTL_MS : LEASE_TTL_MS,
  };
}

/**
 * The `dome.user_epoch` of a token minted for the user now. 0: the user was not resumed recently, and all tokens
 * from before have expired.
 */
export const userEpochOf = (answer: WorkspaceAnswer, user: string): number =>
  answer.resumed_users?.find((resumed) => resumed.user === user)?.epoch ?? 0;
