/**
 * `Dome-Act-As: <ID token>`: a call for an end user, without a separate exchange (design part 8). It passes exactly
 * where a token from an exchange of the same ID token would pass: the audience must be bound to the calling agent.
 * The ID token may be used again within its ten minutes. Each use checks again whether it is still trusted.
 */
import { mayAct } from "../delegation/hop.ts";
import { defined } from "../kernel/defined.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Caller } from "./caller.ts";
import type { NoLease, LeaseClient } from "./lease-client.ts";
import type { IdentityRefusal } from "../identity/provider.ts";
import { earliestIssueMs } from "../identity/verify-id-token.ts";
import type { UserTokens } from "./user-tokens.ts";

/** The greatest age of an ID token accepted on a call, in seconds. */
const MOST_ACT_AS_AGE_S = 600;

export interface ActAsRefusal {
  readonly kind: "actas_refused";
  readonly agent: AgentId;
  readonly workspace: WorkspaceId;
  readonly why: "has_actor" | "may_act" | Exclude<IdentityRefusal["kind"], "provider_unavailable">;
}

interface ActAsPorts {
  readonly issuer: string;
  readonly leases: LeaseClient;
  readonly userTokens: UserTokens;
}

/** @param caller who has authenticated for itself: with a raw key, or with a token without `act`. */
export async function actFor(
  { issuer, leases, userTokens }: ActAsPorts,
  caller: Caller,
  { token, traceparent }: { readonly token: string; readonly traceparent: string | undefined },
): Promise<Result<Caller, ActAsRefusal | NoLease>> {
  const [agent, ...others] = caller.agents;
  const { workspace } = caller.state;
  const refused = (why: ActAsRefusal["why"]) =>
    err({ kind: "actas_refused", agent: agent.id, workspace, why } as const);
  // A caller that acts for a user or agent already has a signed chain. A header must not put another user at its end.
  if (caller.user !== null || others.length > 0) return refused("has_actor");
  const lease = await leases.workspace(workspace);
  if (!lease.ok) return lease;
  const verified = await userTokens.verify({
    workspace,
    configEpoch: lease.value.answer.config_epoch,
    agent: agent.id,
    token,
    ...defined({ traceparent }),
    maxAgeSeconds: MOST_ACT_AS_AGE_S,
  });
  if (!verified.ok) {
    const { kind } = verified.error;
    return kind === "provider_unavailable" ? err({ kind: "no_lease", of: "provider" }) : refused(kind);
  }
  const { id, provider, issuer: by, subject, email, groups, groupsOverage } = verified.value;
  if (!mayAct(verified.value.mayAct, agent.id, issuer)) return refused("may_act");
  return ok({
    ...caller,
    state: { ...caller.state, user: id, userIssuedAt: earliestIssueMs(verified.value) },
    user: {
      id,
      provider,
      issuer: by,
      subject,
      ...defined({ email, groups, groupsOverage }),
    },
  });
}
