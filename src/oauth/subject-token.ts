/**
 * The tokens of an exchange, verified as their types demand (RFC 8693 §2.1): the subject's, Dome's own or a trusted
 * identity provider's, and the actor's. What every agent of a chain is at this moment is looked at here too, so that
 * nothing is made of a token that no door would take.
 */
import type { Draining } from "../access/authenticate.ts";
import type { NoLease } from "../access/lease-client.ts";
import { tokenStateOf } from "../access/token-state.ts";
import { parseAudience } from "../contract/audience.ts";
import type { CallTokenClaims } from "../contract/call-token.ts";
import { parseScope } from "../contract/scope.ts";
import type { AgentId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { TokenSubject } from "../delegation/hop.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import type { TokenPorts } from "./issue-token.ts";
import { isUserVouchedFor, verifyForAnyDoor } from "./presented-token.ts";

export type PresentedRefusal =
  | NoLease
  | Draining
  /** Not ours, not of this workspace, expired, stopped: the holder hears one answer, the trail the reason. */
  | { readonly kind: "unacceptable"; readonly why: string };

export interface OwnToken {
  readonly claims: CallTokenClaims;
  /** The agents of its chain as registered, newest first. */
  readonly records: readonly RegisteredAgent[];
  /** The epoch of `org` under which its signature was verified. */
  readonly verifiedUnder: number;
}

/**
 * A call token of Dome's own, of this workspace, whose whole chain stands now.
 * @param workspace the client's: a chain lives in one workspace.
 */
export async function verifyOwnToken(
  ports: TokenPorts,
  token: string,
  workspace: string,
): Promise<Result<OwnToken, PresentedRefusal>> {
  const verified = await verifyForAnyDoor(ports, token);
  if (!verified.ok) {
    const { error } = verified;
    return err(error.kind === "no_lease" ? error : { kind: "unacceptable", why: error.kind });
  }
  const { claims, verifiedUnder } = verified.value;
  if (claims.dome.workspace !== workspace) return err({ kind: "unacceptable", why: "other_workspace" });
  if (parseAudience(ports.issuer, claims.aud) === undefined) {
    return err({ kind: "unacceptable", why: "wrong_audience" }); // TX-18
  }
  const passage = tokenStateOf(claims, verifiedUnder);
  const agents = claims.dome.chain.map((link) => link.agent);
  const admitted = await ports.standing.admits(
    passage,
    { agents, workspace: claims.dome.workspace },
    "leased",
  );
  if (!admitted.ok) return err(staleRefusal(admitted.error));
  const vouched = await isUserVouchedFor(ports, claims);
  if (!vouched.ok) return vouched;
  if (!vouched.value) return err({ kind: "unacceptable", why: "provider_removed" });
  const records: RegisteredAgent[] = [];
  for (const agent of agents) {
    const lease = await ports.standing.agent(agent);
    if (!lease.ok) return lease;
    const record = await ports.configuration.agent(agent, lease.value.answer.record_version);
    if (record === undefined) return err({ kind: "unacceptable", why: "agent_absent" });
    records.push(record);
  }
  return ok({ claims, records, verifiedUnder });
}

const staleRefusal = (stale: { readonly kind: string } | Draining | NoLease): PresentedRefusal => {
  if (stale.kind === "draining" && "left_ms" in stale) return stale;
  if (stale.kind === "no_lease" && "of" in stale) return { kind: "no_lease", of: stale.of };
  return { kind: "unacceptable", why: stale.kind };
};

/** The subject that a verified call token speaks for. Its current actor, which stands first, is the one that delegates. */
export function tokenSubject({ claims, records }: OwnToken): TokenSubject | undefined {
  const [delegator] = records;
  const scope = parseScope(claims.scope);
  if (delegator === undefined || !scope.ok) return undefined;
  return {
    kind: "token",
    claims,
    scope: scope.value,
    delegator: { id: delegator.id, name: delegator.name, delegatesTo: delegator.delegatesTo },
  };
}

export type ActorRefusal =
  | PresentedRefusal
  /** Somebody else's token: chain splicing (TX-16). */
  | { readonly kind: "actor_mismatch" }
  /** The actor acts for somebody already (TX-17). */
  | { readonly kind: "actor_delegated" };

/** The actor token, if there is one, is the client's own and speaks for nobody else. @returns its `exp`, in seconds. */
export async function verifyActorToken(
  ports: TokenPorts,
  token: string | undefined,
  client: AgentId,
  workspace: string,
): Promise<Result<number | undefined, ActorRefusal>> {
  if (token === undefined) return ok(undefined);
  const own = await verifyOwnToken(ports, token, workspace);
  if (!own.ok) return own;
  const { claims } = own.value;
  if (claims.client_id !== client) return err({ kind: "actor_mismatch" });
  if (claims.act !== undefined) return err({ kind: "actor_delegated" });
  return ok(claims.exp);
}
