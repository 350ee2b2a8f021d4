/**
 * The lease check: the last thing before an act starts or an answer is released, with no `await` in between (P3).
 * It holds what a token or an in-place exchange carries against the leases of every agent of the chain, of the
 * workspace, and of `org`. Anything missing, old or different refuses.
 */
import type { AgentId, KeyId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import {
  endOf,
  isCurrent,
  isKeyLive,
  keyEndOf,
  type AgentAnswer,
  type Lease,
  type OrgAnswer,
  type WorkspaceAnswer,
} from "./lease.ts";

/** One element of `dome.chain`: the agent, and the epoch and key under which its part was minted. */
export interface Link {
  readonly agent: AgentId;
  readonly epoch: number;
  readonly key: KeyId;
}

/** All that an admission looks at, of a call token or of a key that is exchanged in place. */
export interface TokenState {
  /** A chain lives in one workspace. */
  readonly workspace: WorkspaceId;
  /** Newest first; every agent that takes part, the subject included when it is one. */
  readonly chain: readonly Link[];
  readonly haltEpoch: number;
  /** `jti` of every ancestor token and of this one: revoking a token ends what was exchanged from it. */
  readonly path: readonly string[];
  readonly user?: string;
  /** How often the user had been let go on when the token was minted (`dome.user_epoch`). Absent: never. */
  readonly userEpoch?: number;
  /**
   * Of a user who is vouched for in place: the earliest moment at which the identity provider may have issued the ID token,
   * in milliseconds since the epoch. A new exchange makes no older ID token good.
   */
  readonly userIssuedAt?: number;
  readonly txn?: string;
  /**
   * The configuration epoch of `org` under which the token's signature was verified. Another one now: a signing key may
   * have been given up meanwhile, so the call is undecided and the repeat verifies anew.
   */
  readonly verifiedUnder?: number;
}

/** The leases it is held against. `agents` by agent id. */
export interface LeaseSet {
  readonly agents: ReadonlyMap<string, Lease<AgentAnswer>>;
  readonly workspace: Lease<WorkspaceAnswer> | undefined;
  readonly org: Lease<OrgAnswer> | undefined;
}

/** What asks to pass. A drain ends new work; it lets open work go on. */
export type Work = "new" | "open";

/** Why not. `no_lease` and `draining` are undecided for now (503), the others are refusals (401). */
export type Stale =
  | {
      readonly kind: "no_lease";
      readonly of: "agent" | "workspace" | "org" | "provider" | "evidence";
      readonly id: string;
    }
  | { readonly kind: "agent_not_active"; readonly agent: string; readonly state: string }
  /** `left_ms`: until the agent is stopped. */
  | { readonly kind: "draining"; readonly agent: string; readonly left_ms: number }
  | { readonly kind: "epoch_changed"; readonly agent: string }
  | { readonly kind: "key_not_live"; readonly agent: string; readonly key: string }
  | { readonly kind: "token_revoked"; readonly jti: string }
  | { readonly kind: "workspace_halted" }
  | { readonly kind: "halt_epoch_changed" }
  | { readonly kind: "user_stopped" }
  | { readonly kind: "user_epoch_changed" }
  | { readonly kind: "txn_stopped" };

/**
 * Admits or refuses, synchronously and without I/O.
 * An answer that refuses does so however old it is; only one that admits must be current.
 * @param now the isolate's clock in milliseconds, read for this check.
 * @param work `open`: an act that was admitted before and goes on.
 * @returns the first reason to refuse, in the order chain (newest first), workspace, `org`.
 */
export function admit(
  state: TokenState,
  leases: LeaseSet,
  now: number,
  work: Work = "new",
): Result<void, Stale> {
  // A state without an agent is nobody's: deny (P1).
  if (state.chain.length === 0) return err({ kind: "no_lease", of: "agent", id: "" });
  for (const link of state.chain) {
    const stale = staleLink(link, state.path, leases.agents.get(link.agent), now, work);
    if (stale !== undefined) return err(stale);
  }
  const stale = staleWorkspace(state, leases.workspace, now);
  if (stale !== undefined) return err(stale);
  const { org } = leases;
  if (org === undefined || !isCurrent(org, now)) return err({ kind: "no_lease", of: "org", id: "org" });
  const { verifiedUnder = org.answer.config_epoch } = state;
  return verifiedUnder === org.answer.config_epoch
    ? ok(undefined)
    : err({ kind: "no_lease", of: "org", id: "org" });
}

/**
 * Until when an act that was admitted may go on without another look, by the isolate's clock: the earliest end of a
 * lease, or of a key, that it hangs on. An agent that is draining finishes what it has begun.
 */
export function admittedUntil(state: TokenState, leases: LeaseSet, now: number): Result<number, Stale> {
  const admitted = admit(state, leases, now, "open");
  if (!admitted.ok) return admitted;
  const ends = state.chain.flatMap(({ agent, key }) => {
    const lease = leases.agents.get(agent);
    return lease === undefined ? [] : [endOf(lease), keyEndOf(lease, key)];
  });
  for (const lease of [leases.workspace, leases.org]) if (lease !== undefined) ends.push(endOf(lease));
  return ok(Math.min(...ends));
}

/** An agent that is draining takes no new work; its answer is `draining` and not "stopped" until the stop. */
export function drainOf(
  { answer, askedAt }: Lease<AgentAnswer>,
  agent: string,
  now: number,
): Extract<Stale, { kind: "draining" }> | undefined {
  if (answer.draining === undefined) return undefined;
  return { kind: "draining", agent, left_ms: Math.max(0, askedAt + answer.draining.deadline_ms - now) };
}

function staleLink(
  link: Link,
  path: readonly string[],
  lease: Lease<AgentAnswer> | undefined,
  now: number,
  work: Work,
): Stale | undefined {
  const { agent, key } = link;
  if (lease === undefined) return { kind: "no_lease", of: "agent", id: agent };
  const { answer } = lease;
  if (answer.state !== "active") return { kind: "agent_not_active", agent, state: answer.state };
  if (!isCurrent(lease, now)) return { kind: "no_lease", of: "agent", id: agent };
  const drain = work === "new" ? drainOf(lease, agent, now) : undefined;
  if (drain !== undefined) return drain;
  // Any difference, not only a smaller number: an object restored from an old backup may count backwards.
  if (answer.epoch !== link.epoch) return { kind: "epoch_changed", agent };
  if (!isKeyLive(lease, key, now)) return { kind: "key_not_live", agent, key };
  const jti = path.find((id) => answer.revoked.includes(id));
  return jti === undefined ? undefined : { kind: "token_revoked", jti };
}

function staleWorkspace(
  state: TokenState,
  lease: Lease<WorkspaceAnswer> | undefined,
  now: number,
): Stale | undefined {
  if (lease === undefined) return { kind: "no_lease", of: "workspace", id: "" };
  const { answer } = lease;
  if (answer.halted) return { kind: "workspace_halted" };
  if (!isCurrent(lease, now)) return { kind: "no_lease", of: "workspace", id: "" };
  if (answer.halt_epoch !== state.haltEpoch) return { kind: "halt_epoch_changed" };
  if (state.user !== undefined && answer.stopped_users.includes(state.user)) return { kind: "user_stopped" };
  if (isFromBeforeResume(state, lease, now)) return { kind: "user_epoch_changed" };
  if (state.txn !== undefined && answer.stopped_txns.includes(state.txn)) return { kind: "txn_stopped" };
  // No evidence, no action (P8): what was stopped meanwhile is refused above all the same.
  if (answer.evidence === "full") return { kind: "no_lease", of: "evidence", id: "" };
  return undefined;
}

/**
 * Whether what the user shows is older than the resume of that user. Both ages are by the clock of this isolate, but
 * for how long ago the resume was when the object answered: a duration, too.
 */
function isFromBeforeResume(state: TokenState, lease: Lease<WorkspaceAnswer>, now: number): boolean {
  const { user, userEpoch = 0, userIssuedAt } = state;
  const resumed = lease.answer.resumed_users?.find((each) => each.user === user);
  if (resumed === undefined) return false;
  // Who is vouched for in place has no token of ours: then it is the provider's that must be newer than the resume.
  if (userIssuedAt === undefined) return userEpoch < resumed.epoch;
  return now - userIssuedAt >= resumed.ms_ago + (now - lease.askedAt);
}
