/**
 * The lease check: the last step before an act starts or an answer is released, with no `await` in between (P3). It
 * compares the state in a token or key with the leases of every agent of the chain, of the workspace, and of `org`.
 * A state that is missing, old or different is refused.
 */
import type { AgentId, KeyId, TokenId, WorkspaceId } from "../kernel/ids.ts";
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

/** The state that an admission checks, from a call token or from a key used in place of a token. */
export interface TokenState {
  /** All agents of a chain belong to one workspace. */
  readonly workspace: WorkspaceId;
  /** Newest first; every agent that takes part, and the subject when it is an agent. */
  readonly chain: readonly Link[];
  readonly haltEpoch: number;
  /** `jti` of every ancestor token and of this one: revoking a token also ends the tokens exchanged from it. */
  readonly path: readonly TokenId[];
  readonly user?: string;
  /** How often the user had been resumed when the token was minted (`dome.user_epoch`). Absent: never. */
  readonly userEpoch?: number;
  /**
   * For a user verified on this call: the earliest moment at which the identity provider may have issued the ID
   * token, in milliseconds since the epoch. A new exchange does not make an old ID token valid again.
   */
  readonly userIssuedAt?: number;
  readonly txn?: string;
  /**
   * The configuration epoch of `org` under which the token's signature was verified. If the epoch is another one
   * now, a signing key may have been withdrawn meanwhile. The call is then undecided, and its repeat verifies
   * again.
   */
  readonly verifiedUnder?: number;
}

/**
 * The state of what looks itself after the signature of its token, when the configuration of `org` changes: a running act
 * (`access/watchdog.ts`).
 */
export function withoutSignature({ verifiedUnder: _verifiedUnder, ...state }: TokenState): TokenState {
  return state;
}

/** The leases to compare with. `agents` by agent id. */
export interface LeaseSet {
  readonly agents: ReadonlyMap<string, Lease<AgentAnswer>>;
  readonly workspace: Lease<WorkspaceAnswer> | undefined;
  readonly org: Lease<OrgAnswer> | undefined;
}

/** The kind of work to admit. A drain ends new work and lets open work continue. */
export type Work = "new" | "open";

/** Why not. `no_lease` and `draining` are temporary (503); the others are refusals (401). */
export type Stale =
  | {
      readonly kind: "no_lease";
      readonly of: "agent" | "workspace" | "org" | "provider" | "evidence" | "configuration";
      /**
       * Of the object whose lease is missing, or of whose configuration it is: an agent, a workspace or `org`. Empty: the
       * state names no agent.
       */
      readonly id: string;
    }
  | { readonly kind: "agent_not_active"; readonly agent: string; readonly state: string }
  /** `left_ms`: the time until the agent is stopped. */
  | { readonly kind: "draining"; readonly agent: string; readonly left_ms: number }
  | { readonly kind: "epoch_changed"; readonly agent: string }
  | { readonly kind: "key_not_live"; readonly agent: string; readonly key: string }
  | { readonly kind: "token_revoked"; readonly jti: string }
  /** The key that signed the token of a running act is not published any more. */
  | { readonly kind: "signing_key_withdrawn"; readonly kid: string }
  | { readonly kind: "workspace_halted" }
  | { readonly kind: "halt_epoch_changed" }
  | { readonly kind: "user_stopped" }
  | { readonly kind: "user_epoch_changed" }
  | { readonly kind: "txn_stopped" };

/**
 * Admits or refuses, synchronously and without I/O. A lease that refuses does so however old it is; only a lease
 * that admits must be current.
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
  // A state without an agent belongs to nobody: deny (P1).
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
 * Until when an admitted act may continue without another check, by the isolate's clock: the earliest end of a
 * lease or key that the act depends on. An agent that is draining finishes the work that it has begun.
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

/** An agent that is draining accepts no new work. Its answer is `draining`, not "stopped", until the stop. */
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
  // Any difference counts, not only a smaller number: an object restored from an old backup may count backwards.
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
  const { workspace: id } = state;
  if (lease === undefined) return { kind: "no_lease", of: "workspace", id };
  const { answer } = lease;
  if (answer.halted) return { kind: "workspace_halted" };
  if (!isCurrent(lease, now)) return { kind: "no_lease", of: "workspace", id };
  if (answer.halt_epoch !== state.haltEpoch) return { kind: "halt_epoch_changed" };
  if (state.user !== undefined && answer.stopped_users.includes(state.user)) return { kind: "user_stopped" };
  if (isFromBeforeResume(state, lease, now)) return { kind: "user_epoch_changed" };
  if (state.txn !== undefined && answer.stopped_txns.includes(state.txn)) return { kind: "txn_stopped" };
  // No evidence, no action (P8). A caller that was stopped meanwhile is refused above in any case.
  if (answer.evidence === "full") return { kind: "no_lease", of: "evidence", id };
  return undefined;
}

/**
 * Whether the user's credential is older than the resume of that user. Both ages are by this isolate's clock, and
 * start from durations: the object's answer says how long ago the resume was.
 */
function isFromBeforeResume(state: TokenState, lease: Lease<WorkspaceAnswer>, now: number): boolean {
  const { user, userEpoch = 0, userIssuedAt } = state;
  const resumed = lease.answer.resumed_users?.find((each) => each.user === user);
  if (resumed === undefined) return false;
  // A user verified on this call has no token of Dome's; the provider's token must then be newer than the resume.
  if (userIssuedAt === undefined) return userEpoch < resumed.epoch;
  return now - userIssuedAt >= resumed.ms_ago + (now - lease.askedAt);
}
