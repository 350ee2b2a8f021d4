/**
 * P3's one exception: the live raw key of a suspended agent, at the two doors about the agent itself. A value of its own
 * type, so that no other door can take it; only `self.ts` makes one. A token is never here: its epoch is over.
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

/** Why not: the key has died, the agent is in another state, or the workspace is halted. */
interface NotHere {
  readonly kind: "not_admitted";
  readonly stale: Exclude<Stale, { readonly kind: "no_lease" | "draining" }>;
}

/**
 * As recent as any lease that admits must be. An answer that is no "active" says that it is good for less, so that a start
 * is seen soon; here nobody waits for a start, and a slow answer is none the worse.
 */
const isRecent = ({ askedAt }: Lease<AgentAnswer>, now: number): boolean =>
  askedAt <= now && now < askedAt + LEASE_TTL_MS - MARGIN_MS;

/**
 * Whether the agent is still no worse than suspended. One that was resumed meanwhile is not refused: it may more now, and
 * gets no more here.
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
