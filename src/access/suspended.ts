/**
 * The one exception to P3: the live raw key of a suspended agent, at the two doors about the agent itself. It has a
 * type of its own, so that no other door can accept it; only `self.ts` makes one. A token never qualifies, because
 * its epoch is over.
 */
import type { Clock } from "../kernel/clock.ts";
import type { KeyId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Stale } from "../lifecycle/admission.ts";
import {
  isCurrent,
  isKeyLive,
  LEASE_TTL_MS,
  MARGIN_MS,
  type AgentAnswer,
  type Lease,
} from "../lifecycle/lease.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import type { LeaseClient, NoLease } from "./lease-client.ts";

export const suspendedProof: unique symbol = Symbol("suspended");

export interface Suspended {
  readonly [suspendedProof]: true;
  readonly kind: "suspended";
  readonly workspace: WorkspaceId;
  readonly agent: RegisteredAgent;
  readonly key: KeyId;
}

interface SuspendedPorts {
  readonly leases: LeaseClient;
  readonly clock: Clock;
}

/** Why the request is refused: the key is dead, the agent is in another state, or the workspace is halted. */
interface NotHere {
  readonly kind: "not_admitted";
  readonly stale: Exclude<Stale, { readonly kind: "no_lease" | "draining" }>;
}

/**
 * The same limit on age as for a lease that admits. A lease that refuses is kept for less time, so that a start is seen
 * soon; no caller waits for a start here, so a slow answer does no harm.
 */
const isRecent = ({ askedAt }: Lease<AgentAnswer>, now: number): boolean =>
  askedAt <= now && now < askedAt + LEASE_TTL_MS - MARGIN_MS;

/**
 * Checks that the agent is still at most suspended. An agent that was resumed meanwhile is not refused: it has more
 * rights now, and gains none of them through this door.
 */
export async function standsSuspended(
  { leases, clock }: SuspendedPorts,
  {
    workspace,
    agent: { id: agent },
    key,
  }: Pick<Suspended, "workspace" | "key"> & { agent: { id: RegisteredAgent["id"] } },
): Promise<Result<void, NoLease | NotHere>> {
  const home = await leases.workspace(workspace);
  if (!home.ok) return home;
  const own = await leases.freshAgent(agent);
  if (!own.ok) return own;
  const now = clock.now();
  const { state } = own.value.answer;
  if (state !== "suspended" && state !== "active")
    return err({ kind: "not_admitted", stale: { kind: "agent_not_active", agent, state } });
  if (!isKeyLive(own.value, key, now))
    return err({ kind: "not_admitted", stale: { kind: "key_not_live", agent, key } });
  if (home.value.answer.halted) return err({ kind: "not_admitted", stale: { kind: "workspace_halted" } });
  if (!isRecent(own.value, now)) return err({ kind: "no_lease", of: "agent" });
  return isCurrent(home.value, now) ? ok(undefined) : err({ kind: "no_lease", of: "workspace" });
}
